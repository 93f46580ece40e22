/** What the library knows of the images: start, metadata, loading, memory. */
import { cache, Enums, eventTarget, init as initCore, metaData, registerImageLoader, type Types } from '@cornerstonejs/core'
import { createImage, init as initLoader } from '@cornerstonejs/dicom-image-loader'
import { init as initTools } from '@cornerstonejs/tools'

import { browserLine, fetchFrame } from '../frames'
import { moduleOf } from '../modules'
import type { Slice } from '../slices'

const MB = 1_000_000
/** The library answers before any other provider. */
const BEFORE_ALL = 10_000
/** Decoding is quick beside the line; more workers only cost memory. */
const MOST_WORKERS = 4

/** DCT of 12 bits: measured against the uncompressed original, the browser's decoder is off by tens of HU. */
const INEXACT = new Set(['1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.53', '1.2.840.10008.1.2.4.55'])

const slices = new Map<string, Slice>()
const inexact = new Set<string>()
const removedListeners = new Set<(imageId: string) => void>()
const lineListeners = new Set<(waiting: number) => void>()
let started: Promise<void> | undefined
let leaving = new AbortController()
let waiting = 0

export function imageIdOf(slice: Slice): string {
  return `wadors:${slice.url}`
}

function lineBroken(isBroken: boolean): void {
  waiting = Math.max(0, waiting + (isBroken ? 1 : -1))
  for (const tell of lineListeners) tell(waiting)
}

/** Tells how many frames wait for the line to come back; returns the way to stop listening. */
export function onLine(tell: (waiting: number) => void): () => void {
  lineListeners.add(tell)
  return () => lineListeners.delete(tell)
}

/** A line for one frame: it counts as waiting from its first failure to its end. */
async function bytesOf(slice: Slice): Promise<{ bytes: Uint8Array; transferSyntax: string }> {
  let counted = false
  const tell = (isBroken: boolean): void => {
    if (isBroken === counted) return
    counted = isBroken
    lineBroken(isBroken)
  }
  try {
    return await fetchFrame(slice.url, browserLine(tell), leaving.signal)
  } finally {
    tell(false)
  }
}

async function decoded(imageId: string, options: Record<string, unknown>): Promise<Types.IImage> {
  const slice = slices.get(imageId)
  if (slice === undefined) throw new Error(`unknown image ${imageId}`)
  const { bytes, transferSyntax } = await bytesOf(slice)
  if (INEXACT.has(transferSyntax) && slice.attributes['00280100']?.Value?.[0] === 16) inexact.add(imageId)
  const image = (await createImage(imageId, bytes, transferSyntax, { ...options })) as Types.IImage
  image.imageQualityStatus = Enums.ImageQualityStatus.FULL_RESOLUTION
  return image
}

/** Bytes of decoded images kept: a phone's tab is closed by the system well before 1 GB. */
function room(): number {
  const gigabytes = (navigator as { deviceMemory?: number }).deviceMemory ?? 4
  if (navigator.maxTouchPoints > 0 && window.innerWidth < 900) return 256 * MB
  return Math.min(1500, gigabytes * 190) * MB
}

function begin(): void {
  initCore()
  initLoader({ maxWebWorkers: Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency - 1)) })
  initTools()
  registerImageLoader('wadors', (imageId, options = {}) => ({ promise: decoded(imageId, options) }))
  metaData.addProvider((type: string, imageId: unknown) => {
    const slice = typeof imageId === 'string' ? slices.get(imageId) : undefined
    return slice && moduleOf(type, slice)
  }, BEFORE_ALL)
  cache.setMaxCacheSize(room())
  eventTarget.addEventListener(Enums.Events.IMAGE_CACHE_IMAGE_REMOVED, (event: Event) => {
    const { imageId } = (event as CustomEvent<{ imageId: string }>).detail
    for (const tell of removedListeners) tell(imageId)
  })
}

/** Starts the library and its decoders once. Cheap to call while another page is on screen, to be warm later. */
export function start(): Promise<void> {
  started ??= Promise.resolve().then(begin)
  return started
}

/** How many images of this size fit into the memory cap, with a fifth left for what else is open. */
export function fits(slice: Slice): number {
  const rows = Number(slice.attributes['00280010']?.Value?.[0] ?? 512)
  const columns = Number(slice.attributes['00280011']?.Value?.[0] ?? 512)
  const samples = Number(slice.attributes['00280002']?.Value?.[0] ?? 1)
  return Math.max(8, Math.floor((room() * 0.8) / (rows * columns * (samples > 1 ? samples : 2))))
}

/** Makes the slices known to the library; their bytes come when they are loaded. */
export function announce(stack: Slice[]): void {
  for (const slice of stack) slices.set(imageIdOf(slice), slice)
}

export function sliceOf(imageId: string): Slice | undefined {
  return slices.get(imageId)
}

export function isLoaded(slice: Slice): boolean {
  return cache.isLoaded(imageIdOf(slice))
}

/** Loads and decodes one image into the cache. Rejects with FrameRefused, or with the decoder's error. */
export function load(slice: Slice, urgent: boolean): Promise<Types.IImage> {
  const imageId = imageIdOf(slice)
  const known = cache.getImageLoadObject(imageId)
  if (known !== undefined) return known.promise
  const requestType = urgent ? Enums.RequestType.Interaction : Enums.RequestType.Prefetch
  const promise = decoded(imageId, { priority: urgent ? 0 : 5, requestType })
  // The cache's own promise repeats the failure that `promise` tells already.
  cache.putImageLoadObject(imageId, { promise }).catch(() => undefined)
  return promise
}

/** Tells which image had to leave the cache; returns the way to stop listening. */
export function onRemoved(tell: (imageId: string) => void): () => void {
  removedListeners.add(tell)
  return () => removedListeners.delete(tell)
}

/** The reader leaves: waiting downloads end, and the memory is given back. */
export function leave(): void {
  leaving.abort()
  leaving = new AbortController()
  cache.purgeCache()
  slices.clear()
}

/** Decoded values, in the image's own units (HU for CT); colour as interleaved samples. */
export interface Pixels {
  values: ArrayLike<number>
  rows: number
  columns: number
  samples: number
  inverted: boolean
  /** False where the decoder is known to give values that are a little off. */
  exact: boolean
}

/** Values of an image that has been loaded; undefined when it is not in the cache. */
export function pixelsOf(slice: Slice): Pixels | undefined {
  const image = cache.getImage(imageIdOf(slice))
  if (image === undefined) return undefined
  const values = image.voxelManager?.getScalarData() ?? image.getPixelData()
  const samples = Math.round(values.length / (image.rows * image.columns))
  return { values, rows: image.rows, columns: image.columns, samples, inverted: image.invert, exact: !inexact.has(image.imageId) }
}
