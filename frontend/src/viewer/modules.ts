/** Answers the image library's questions about a slice, module by module, from what the server told us about it. */
import { type Attributes, inlineBytes, items, number, numbers, text } from './dicom'
import type { Slice } from './slices'
import { ownWindow, windowFunction } from './windows'

type Answer = Record<string, unknown> | undefined

const PALETTES = { red: ['00281101', '00281201'], green: ['00281102', '00281202'], blue: ['00281103', '00281203'] } as const

/**
 * A palette as 8-bit levels. Its entries may be 16-bit words or, against the wording of the standard but common,
 * bytes; words hold the level in the upper byte when they use all 16 bits (PS3.3 C.7.6.3.1.5 and .6).
 */
export function levels(bytes: Uint8Array, entries: number): Uint8Array {
  if (bytes.length < entries * 2) return bytes.slice(0, entries)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const words = Array.from({ length: entries }, (_, index) => view.getUint16(index * 2, true))
  const shift = words.some((word) => word > 255) ? 8 : 0
  return Uint8Array.from(words, (word) => word >> shift)
}

/** PS3.3 C.7.6.3.1.5: 0 entries means 65,536. */
const ALL_ENTRIES = 65_536

function palette(attributes: Attributes): Record<string, unknown> {
  const answer: Record<string, unknown> = {}
  for (const [colour, [descriptorTag, dataTag]] of Object.entries(PALETTES)) {
    const [entries = 0, firstMapped = 0] = numbers(attributes, descriptorTag)
    const bytes = inlineBytes(attributes, dataTag)
    answer[`${colour}PaletteColorLookupTableDescriptor`] = [entries, firstMapped, 8]
    answer[`${colour}PaletteColorLookupTableData`] = bytes && levels(bytes, entries === 0 ? ALL_ENTRIES : entries)
  }
  return answer
}

function imagePixel({ attributes }: Slice): Answer {
  const photometricInterpretation = text(attributes, '00280004')
  return {
    samplesPerPixel: number(attributes, '00280002') ?? 1,
    photometricInterpretation,
    planarConfiguration: number(attributes, '00280006') ?? 0,
    rows: number(attributes, '00280010'),
    columns: number(attributes, '00280011'),
    bitsAllocated: number(attributes, '00280100'),
    bitsStored: number(attributes, '00280101'),
    highBit: number(attributes, '00280102'),
    pixelRepresentation: number(attributes, '00280103') ?? 0,
    ...(photometricInterpretation === 'PALETTE COLOR' ? palette(attributes) : {}),
  }
}

/** Where geometry is absent the library draws in pixels; the overlay then says 未校准 (see Slice.scale). */
function imagePlane({ attributes, plane, position, spacing, thickness }: Slice): Answer {
  const row = plane?.row ?? [1, 0, 0]
  const column = plane?.column ?? [0, 1, 0]
  return {
    frameOfReferenceUID: text(attributes, '00200052') || undefined,
    rows: number(attributes, '00280010'),
    columns: number(attributes, '00280011'),
    imageOrientationPatient: [...row, ...column],
    rowCosines: row,
    columnCosines: column,
    imagePositionPatient: position ?? [0, 0, 0],
    sliceThickness: thickness,
    pixelSpacing: spacing,
    rowPixelSpacing: spacing?.[0] ?? 1,
    columnPixelSpacing: spacing?.[1] ?? 1,
    usingDefaultValues: plane === undefined || spacing === undefined,
  }
}

function voiLut({ attributes }: Slice): Answer {
  const window = ownWindow(attributes)
  return {
    windowCenter: window === undefined ? undefined : [window.center],
    windowWidth: window === undefined ? undefined : [window.width],
    // As a list: of a plain word the library takes the first letter.
    voiLUTFunction: [windowFunction(attributes)],
  }
}

function modalityLut({ attributes }: Slice): Answer {
  return {
    rescaleIntercept: number(attributes, '00281052'),
    rescaleSlope: number(attributes, '00281053'),
    rescaleType: text(attributes, '00281054') || undefined,
  }
}

const REGION = {
  regionLocationMinX0: '00186018',
  regionLocationMinY0: '0018601A',
  regionLocationMaxX1: '0018601C',
  regionLocationMaxY1: '0018601E',
  regionSpatialFormat: '00186012',
  regionDataType: '00186014',
  physicalUnitsXDirection: '00186024',
  physicalUnitsYDirection: '00186026',
  physicalDeltaX: '0018602C',
  physicalDeltaY: '0018602E',
} as const

/** Regions of an ultrasound image, each with its own scale (PS3.3 C.8.5.5). */
function calibration({ attributes }: Slice): Answer {
  const regions = items(attributes, '00186011').map((item) =>
    Object.fromEntries(Object.entries(REGION).map(([name, tag]) => [name, number(item, tag)])),
  )
  return regions.length > 0 ? { sequenceOfUltrasoundRegions: regions } : undefined
}

const MODULES: Record<string, (slice: Slice) => Answer> = {
  imagePixelModule: imagePixel,
  imagePlaneModule: imagePlane,
  voiLutModule: voiLut,
  modalityLutModule: modalityLut,
  calibrationModule: calibration,
  generalSeriesModule: ({ attributes }) => ({
    modality: text(attributes, '00080060'),
    seriesInstanceUID: text(attributes, '0020000E'),
  }),
  sopCommonModule: ({ attributes, sop }) => ({ sopClassUID: text(attributes, '00080016'), sopInstanceUID: sop }),
  generalImageModule: ({ sop, instanceNumber }) => ({ sopInstanceUID: sop, instanceNumber }),
  transferSyntax: ({ attributes }) => ({ transferSyntaxUID: text(attributes, '00083002') || undefined }),
}

/** What the library wants to know under `type`; undefined where this is not ours to answer. */
export function moduleOf(type: string, slice: Slice): Answer {
  return MODULES[type]?.(slice)
}
