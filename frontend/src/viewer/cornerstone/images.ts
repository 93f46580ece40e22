/** What the library knows of the images: start, metadata, memory. */
import { cache, Enums, eventTarget, init as initCore, metaData, registerImageLoader } from '@cornerstonejs/core'
import { init as initLoader } from '@cornerstonejs/dicom-image-loader'
import { init as initTools } from '@cornerstonejs/tools'

import { moduleOf } from '../modules'
import type { Slice } from '../slices'

import { forget, imageIdOf, isExact, isReplaced, loadByName, sliceOf } from './loading'

const MB = 1_000_000
/** The library answers before any other provider. */
const BEFORE_ALL = 10_000
/** Decoding is quick beside the line; more workers only cost memory. */
const MOST_WORKERS = 4

const removedListeners = new Set<(imageId: string) => void>()
let started: Promise<void> | undefined

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
  registerImageLoader('wadors', (imageId) => ({ promise: loadByName(imageId) }))
  metaData.addProvider((type: string, imageId: unknown) => {
    const slice = typeof imageId === 'string' ? sliceOf(imageId) : undefined
    return slice && moduleOf(type, slice)
  }, BEFORE_ALL)
  cache.setMaxCacheSize(room())
  eventTarget.addEventListener(Enums.Events.IMAGE_CACHE_IMAGE_REMOVED, (event: Event) => {
    const { imageId } = (event as CustomEvent<{ imageId: string }>).detail
    if (isReplaced(imageId)) return
    forget(imageId)
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

/** Tells which image had to leave the cache; returns the way to stop listening. */
export function onRemoved(tell: (imageId: string) => void): () => void {
  removedListeners.add(tell)
  return () => removedListeners.delete(tell)
}

/** Decoded values, in the image's own units (HU for CT); colour as interleaved samples. */
export interface Pixels {
  values: ArrayLike<number>
  rows: number
  columns: number
  samples: number
  inverted: boolean
  /** False for a preview, and where the decoder is known to give values that are a little off. */
  exact: boolean
}

/** Values of an image that has been loaded; undefined when it is not in the cache. */
export function pixelsOf(slice: Slice): Pixels | undefined {
  const image = cache.getImage(imageIdOf(slice))
  if (image === undefined) return undefined
  const values = image.voxelManager?.getScalarData() ?? image.getPixelData()
  const samples = Math.round(values.length / (image.rows * image.columns))
  return { values, rows: image.rows, columns: image.columns, samples, inverted: image.invert, exact: isExact(image.imageId) }
}
