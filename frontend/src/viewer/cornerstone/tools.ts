/** The tools under the pointer, and what was measured with them: put in, taken out, and told by one stream. */
import { eventTarget, metaData, utilities } from '@cornerstonejs/core'
import {
  addTool,
  AngleTool,
  annotation,
  BidirectionalTool,
  CobbAngleTool,
  EllipticalROITool,
  Enums,
  LengthTool,
  PanTool,
  ProbeTool,
  RectangleROITool,
  ToolGroupManager,
  type Types,
  utilities as toolUtilities,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools'

import { text, type Vector } from '../dicom'
import { cross } from '../geometry'
import { type Deed, geometryOf, type Kind, KINDS, type Mark, shownValue, type Unit, type Value } from '../marks'
import type { Slice } from '../slices'
import { imageIdOf, sliceOf } from './loading'

/** 'scroll' and 'point' are ours (Viewport.vue): the library's tools leave the left button alone. */
export type ReadingTool = 'scroll' | 'point' | 'window' | 'zoom' | 'pan' | Kind

const GROUP = 'reading'
const MEASURING = {
  length: LengthTool,
  angle: AngleTool,
  cobb: CobbAngleTool,
  bidirectional: BidirectionalTool,
  ellipse: EllipticalROITool,
  rectangle: RectangleROITool,
  probe: ProbeTool,
} as const satisfies Record<Kind, unknown>
const NAMES: Record<Exclude<ReadingTool, 'scroll' | 'point'>, string> = {
  window: WindowLevelTool.toolName as string,
  zoom: 'ZoomByMouse',
  pan: PanTool.toolName as string,
  ...(Object.fromEntries(KINDS.map((kind) => [kind, MEASURING[kind].toolName])) as Record<Kind, string>),
}
const TOUCH_ZOOM = ZoomTool.toolName as string
const { MouseBindings } = Enums
const TEXT = { textBoxFontFamily: 'system-ui, "Noto Sans SC", sans-serif', textBoxFontSize: '13px', textBoxBackground: 'rgba(0, 0, 0, 0.6)' }
const STATISTICS = { mean: 'mean', stdDev: 'sd', min: 'min', max: 'max', value: 'value' } as const
const INTENSITIES: Record<string, Unit> = { HU: "[hnsf'U]", SUV: '{SUVbw}g/ml' }

type Data = Types.Annotation['data']

/** An ultrasound image has its scale in regions; any other without a spacing has none at all. */
function isScaled(slice: Slice): boolean {
  return slice.scale !== 'none' || slice.attributes['00186011'] !== undefined
}

/** The library measures along an ultrasound's regions in cm; everything else its points say by themselves. */
function regional(data: Data): Value[] | undefined {
  const stats = Object.values(data.cachedStats ?? {})[0] as { length?: number; unit?: string } | undefined
  if (stats?.length === undefined || stats.unit?.startsWith('cm') !== true) return undefined
  return [{ name: 'length', value: stats.length * 10, unit: 'mm' }]
}

function intensities(data: Data): Value[] {
  const stats = Object.values(data.cachedStats ?? {})[0] as Record<string, unknown> | undefined
  const unit = INTENSITIES[typeof stats?.modalityUnit === 'string' ? stats.modalityUnit : ''] ?? '1'
  return Object.entries(STATISTICS).flatMap(([theirs, name]) => {
    const value = stats?.[theirs]
    return typeof value === 'number' && Number.isFinite(value) ? [{ name, value, unit }] : []
  })
}

function valuesOf(kind: Kind, data: Data, slice: Slice): Value[] {
  const points = (data.handles?.points ?? []) as Vector[]
  const found = (kind === 'length' && regional(data)) || geometryOf(kind, points, isScaled(slice) ? 'mm' : '{pixel}')
  return [...found, ...intensities(data)]
}

/** Words beside a line when the scale is the detector's, and of the numbers; set by the page in the person's language. */
let detectorWord = ''
let valueWords: Partial<Record<Value['name'], string>> = {}

export function sayWords(detector: string, values: Partial<Record<Value['name'], string>>): void {
  detectorWord = detector
  valueWords = values
}

function linesFor(kind: Kind) {
  // some tools of the library give one target, some a list of them
  return (data: Data, target: string | string[]): string[] => {
    const slice = sliceOf((typeof target === 'string' ? target : (target[0] ?? '')).replace(/^imageId:/, ''))
    if (slice === undefined) return []
    return valuesOf(kind, data, slice).map((value) => {
      const size = value.unit === 'mm' || value.unit === 'mm2'
      return [valueWords[value.name], shownValue(value), size && slice.scale === 'detector' ? detectorWord : ''].filter(Boolean).join(' ')
    })
  }
}

function theGroup(): NonNullable<ReturnType<typeof ToolGroupManager.getToolGroup>> {
  const known = ToolGroupManager.getToolGroup(GROUP)
  if (known !== undefined) return known
  for (const tool of [WindowLevelTool, ZoomTool, PanTool, ...Object.values(MEASURING)]) addTool(tool)
  const group = ToolGroupManager.createToolGroup(GROUP)
  if (group === undefined) throw new Error('tool group was not made')
  group.addTool(NAMES.window)
  group.addTool(TOUCH_ZOOM)
  // A stroke upwards enlarges; turned round, a pinch would shrink, so that fingers have an instance of their own.
  group.addToolInstance(NAMES.zoom, TOUCH_ZOOM, { invert: true })
  group.addTool(NAMES.pan)
  for (const kind of KINDS) {
    group.addTool(NAMES[kind], { getTextLines: linesFor(kind) })
    group.setToolPassive(NAMES[kind])
  }
  group.setToolActive(NAMES.zoom, { bindings: [{ mouseButton: MouseBindings.Secondary }] })
  group.setToolActive(TOUCH_ZOOM, { bindings: [{ numTouchPoints: 2 }] })
  group.setToolActive(NAMES.pan, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] })
  const style = annotation.config.style
  style.setDefaultToolStyles({ global: { ...style.getDefaultToolStyles().global, ...TEXT } })
  return group
}

export function joinTools(viewId: string, engineId: string): void {
  theGroup().addViewport(viewId, engineId)
}

export function leaveTools(viewId: string, engineId: string): void {
  theGroup().removeViewports(engineId, viewId)
}

/** Puts a tool under the left button of every picture. */
export function take(tool: ReadingTool): void {
  const group = theGroup()
  for (const name of Object.values(NAMES)) {
    if (group.getToolOptions(name)?.bindings.some((binding) => binding.mouseButton === MouseBindings.Primary)) group.setToolPassive(name)
  }
  if (tool !== 'scroll' && tool !== 'point') group.setToolActive(NAMES[tool], { bindings: [{ mouseButton: MouseBindings.Primary }] })
}

/** A measurement on the screen: its plain values and the slice it lies on. */
export interface Measured extends Mark {
  slice: Slice
}

const KIND_OF = new Map(KINDS.map((kind) => [NAMES[kind], kind]))

function measuredOf(found: Types.Annotation): Measured | undefined {
  const slice = sliceOf(found.metadata?.referencedImageId ?? '')
  const kind = KIND_OF.get(found.metadata?.toolName ?? '')
  if (slice === undefined || kind === undefined || found.annotationUID === undefined) return undefined
  const values = valuesOf(kind, found.data, slice)
  if (values.length === 0) return undefined
  const space = frameOfReferenceOf(slice)
  const points = ((found.data.handles?.points ?? []) as Vector[]).map((point) => (space === undefined ? flat(slice, point) : [...point]))
  return { id: found.annotationUID, kind, sop: slice.sop, frame: slice.frame, frameOfReference: space, points, values, label: found.data.label ?? '', slice }
}

/** An image has a place in the patient only with all three: frame of reference, position and orientation. */
function frameOfReferenceOf(slice: Slice): string | undefined {
  const space = text(slice.attributes, '00200052')
  return space !== '' && slice.plane !== undefined && slice.position !== undefined ? space : undefined
}

function flat(slice: Slice, point: Vector): number[] {
  return [...(utilities.worldToImageCoords(imageIdOf(slice), [...point]) ?? [0, 0])]
}

export function measurements(): Measured[] {
  return annotation.state.getAllAnnotations().map(measuredOf).filter((found) => found !== undefined)
}

/** What was told last of each, so that a change of ours is not taken for one of the reader's. */
const told = new Map<string, Mark>()

function plain({ id, kind, sop, frame, frameOfReference, points, values, label }: Mark): Mark {
  return { id, kind, sop, frame, frameOfReference, points, values, label }
}

function isMoved(a: Mark, b: Mark): boolean {
  return JSON.stringify([a.points, a.label]) !== JSON.stringify([b.points, b.label])
}

/**
 * Tells every deed of the reader once, after the hand let go, and all that is measured whenever it changes;
 * returns the way to stop listening. What `put` and `remove` do is not told as a deed.
 */
export function onMarks(did: (deed: Deed) => void, all: (found: Measured[]) => void): () => void {
  let held = false
  const compare = (): void => {
    const found = measurements()
    all(found)
    if (held) return
    const now = new Map(found.map((each) => [each.id, plain(each)]))
    for (const [id, mark] of now) {
      const before = told.get(id)
      told.set(id, mark)
      if (before === undefined) did({ did: 'added', mark })
      else if (isMoved(before, mark)) did({ did: 'edited', mark, before })
    }
    for (const [id, mark] of told) {
      if (now.has(id)) continue
      told.delete(id)
      did({ did: 'removed', mark })
    }
  }
  const down = (): void => { held = true }
  const up = (): void => {
    held = false
    requestAnimationFrame(compare)
  }
  const names = [Enums.Events.ANNOTATION_COMPLETED, Enums.Events.ANNOTATION_MODIFIED, Enums.Events.ANNOTATION_REMOVED]
  for (const name of names) eventTarget.addEventListener(name, compare)
  window.addEventListener('pointerdown', down, true)
  window.addEventListener('pointerup', up, true)
  return () => {
    for (const name of names) eventTarget.removeEventListener(name, compare)
    window.removeEventListener('pointerdown', down, true)
    window.removeEventListener('pointerup', up, true)
  }
}

const NO_BOX = { hasMoved: false, worldPosition: [0, 0, 0], worldBoundingBox: { topLeft: [0, 0, 0], topRight: [0, 0, 0], bottomLeft: [0, 0, 0], bottomRight: [0, 0, 0] } }

/** Draws a mark on its slice, or moves the one that is there; `locked`: the pointer cannot change it. */
export function put(mark: Mark, slice: Slice, locked: boolean): void {
  remove(mark.id)
  const imageId = imageIdOf(slice)
  const plane = metaData.get('imagePlaneModule', imageId) as { frameOfReferenceUID?: string } | undefined
  const along: Vector = slice.plane ? slice.plane.row : [1, 0, 0]
  const down: Vector = slice.plane ? slice.plane.column : [0, 1, 0]
  const points = mark.points.map((point) => (point.length === 3 ? point : [...utilities.imageToWorldCoords(imageId, point as [number, number])!]))
  told.set(mark.id, mark)
  const made = {
    annotationUID: mark.id,
    highlighted: false,
    isLocked: locked,
    isVisible: true,
    invalidated: true,
    metadata: {
      toolName: NAMES[mark.kind],
      referencedImageId: imageId,
      FrameOfReferenceUID: plane?.frameOfReferenceUID,
      viewPlaneNormal: cross(along, down).map((each) => -each),
      viewUp: down.map((each) => -each),
    },
    data: { label: mark.label, cachedStats: {}, handles: { points, activeHandleIndex: null, textBox: NO_BOX } },
  }
  annotation.state.addAnnotation(made as unknown as Types.Annotation, GROUP)
  show()
}

/** Takes a mark off the screen. */
export function remove(id: string): void {
  told.delete(id)
  annotation.state.removeAnnotation(id)
  show()
}

function show(): void {
  const views = theGroup().viewportsInfo as { viewportId: string }[]
  const ids = views.map(({ viewportId }) => viewportId)
  toolUtilities.triggerAnnotationRenderForViewportIds(ids)
}

export function forgetMeasurements(): void {
  told.clear()
  annotation.state.removeAllAnnotations()
}

/** The measurement that was clicked last, if it is still there. */
export function selectedMeasurement(): string | undefined {
  return annotation.selection.getAnnotationsSelected()[0]
}
