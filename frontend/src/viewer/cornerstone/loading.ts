/** How images come: roughly from their first bytes, then whole, into the library's memory; each image is fetched once. */
import { cache, Enums, type Types } from '@cornerstonejs/core'
import { createImage } from '@cornerstonejs/dicom-image-loader'

import { browserLine, ComingFrame, type Frame } from '../frames'
import { Lanes } from '../lanes'
import type { Slice } from '../slices'

/** DCT of 12 bits: measured against the uncompressed original, the browser's decoder is off by tens of HU. */
const INEXACT = new Set(['1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.53', '1.2.840.10008.1.2.4.55'])
/**
 * First bytes of an image, for each of its samples: about what HTJ2K needs for half the resolution in each direction.
 * 140 slices of 512 × 512 are then all to be seen after 2.3 MB: 2 s at 10 Mbit/s, 5 s at 4.
 */
const FIRST_BYTES_PER_SAMPLE = 1 / 16
const LEAST_FIRST_BYTES = 8 << 10
const MOST_FIRST_BYTES = 128 << 10

const slices = new Map<string, Slice>()
const inexact = new Set<string>()
/** Images in memory that were decoded from first bytes only. */
const rough = new Set<string>()
/** Series whose frames show nothing from their first bytes: they are asked for whole at once. */
const plain = new Set<string>()
const coming = new Map<string, ComingFrame>()
const loading = new Map<string, Promise<Types.IImage>>()
const broken = new Set<string>()
const lineListeners = new Set<(waiting: number) => void>()
const sharperListeners = new Set<(image: Types.IImage) => void>()
const lanes = new Lanes()
let leaving = new AbortController()
let replaced = ''

export function imageIdOf(slice: Slice): string {
  return `wadors:${slice.url}`
}

function seriesOf(slice: Slice): string {
  return slice.url.slice(0, slice.url.indexOf('/instances/'))
}

/** Tells how many frames wait for the line to come back; returns the way to stop listening. */
export function onLine(tell: (waiting: number) => void): () => void {
  lineListeners.add(tell)
  return () => lineListeners.delete(tell)
}

/** Tells which image in memory has become whole; returns the way to stop listening. */
export function onSharper(tell: (image: Types.IImage) => void): () => void {
  sharperListeners.add(tell)
  return () => sharperListeners.delete(tell)
}

/** Makes the slices known to the library; their bytes come when they are loaded. */
export function announce(stack: Slice[]): void {
  for (const slice of stack) slices.set(imageIdOf(slice), slice)
}

export function sliceOf(imageId: string): Slice | undefined {
  return slices.get(imageId)
}

/** There is something to look at, if only a preview. */
export function isVisible(slice: Slice): boolean {
  return cache.isLoaded(imageIdOf(slice))
}

/** The image is here, whole. */
export function isLoaded(slice: Slice): boolean {
  return isVisible(slice) && !rough.has(imageIdOf(slice))
}

/** Whether the decoded values of an image are the stored ones. */
export function isExact(imageId: string): boolean {
  return !inexact.has(imageId) && !rough.has(imageId)
}

export function firstBytes(slice: Slice): number {
  const size = (tag: string, otherwise: number): number => Number(slice.attributes[tag]?.Value?.[0] ?? otherwise)
  const samples = size('00280010', 512) * size('00280011', 512) * size('00280002', 1)
  return Math.round(Math.max(LEAST_FIRST_BYTES, Math.min(MOST_FIRST_BYTES, samples * FIRST_BYTES_PER_SAMPLE)))
}

/** A frame counts as waiting from its first failure to its end. */
function note(imageId: string, isBroken: boolean): void {
  if (broken.has(imageId) === isBroken) return
  if (isBroken) broken.add(imageId)
  else broken.delete(imageId)
  for (const tell of lineListeners) tell(broken.size)
}

function comingOf(slice: Slice): ComingFrame {
  const imageId = imageIdOf(slice)
  const known = coming.get(imageId)
  if (known !== undefined) return known
  const frame = new ComingFrame(slice.url, browserLine((isBroken) => { note(imageId, isBroken) }))
  coming.set(imageId, frame)
  return frame
}

/** What `ask` wants of a frame, when its turn on the line has come; undefined when `isDone` by then. */
function bytesOf(slice: Slice, urgent: boolean, isDone: () => boolean, ask: (frame: ComingFrame) => Promise<Frame>): Promise<Frame | undefined> {
  return lanes.through(urgent, async () => {
    if (isDone()) return undefined
    try {
      return await ask(comingOf(slice))
    } finally {
      note(imageIdOf(slice), false)
    }
  })
}

async function decoded(slice: Slice, frame: Frame, urgent: boolean): Promise<Types.IImage> {
  const imageId = imageIdOf(slice)
  if (INEXACT.has(frame.transferSyntax) && slice.attributes['00280100']?.Value?.[0] === 16) inexact.add(imageId)
  const requestType = urgent ? Enums.RequestType.Interaction : Enums.RequestType.Prefetch
  // Known to the pool of decoders, which its type does not say.
  const options: Record<string, unknown> = { priority: urgent ? 0 : 5, requestType }
  const image = (await createImage(imageId, frame.bytes, frame.transferSyntax, options)) as Types.IImage
  image.imageQualityStatus = frame.isWhole ? Enums.ImageQualityStatus.FULL_RESOLUTION : Enums.ImageQualityStatus.SUBRESOLUTION
  return image
}

function replace(imageId: string): void {
  replaced = imageId
  cache.removeImageLoadObject(imageId)
  replaced = ''
}

/** Whether an image leaves the memory only because it comes back whole at once. */
export function isReplaced(imageId: string): boolean {
  return imageId === replaced
}

/** Into the library's memory, in place of a preview; what the library fetches by itself it keeps by itself. */
function keep(image: Types.IImage, isWhole: boolean): void {
  const { imageId } = image
  if (isWhole) coming.delete(imageId)
  const wasRough = rough.delete(imageId)
  if (wasRough && isWhole) replace(imageId)
  if (cache.getImageLoadObject(imageId) !== undefined) return
  if (!isWhole) rough.add(imageId)
  cache.putImageSync(imageId, image)
  if (wasRough) for (const tell of sharperListeners) tell(image)
}

/** Something to look at, from the first bytes where they show something. True when it is whole already. */
export async function glimpse(slice: Slice, urgent: boolean): Promise<boolean> {
  const { signal } = leaving
  const enough = plain.has(seriesOf(slice)) ? Infinity : firstBytes(slice)
  const ask = (frame: ComingFrame): Promise<Frame> => (enough === Infinity ? frame.all(signal) : frame.first(enough, signal))
  const frame = await bytesOf(slice, urgent, () => isVisible(slice), ask)
  if (frame === undefined) return isLoaded(slice)
  if (frame.isWhole && frame.bytes.length > enough) plain.add(seriesOf(slice))
  const image = await decoded(slice, frame, urgent)
  if (!signal.aborted && !isVisible(slice)) keep(image, frame.isWhole)
  return isLoaded(slice)
}

async function whole(slice: Slice, urgent: boolean): Promise<Types.IImage> {
  const { signal } = leaving
  const frame = await bytesOf(slice, urgent, () => isLoaded(slice), (coming) => coming.all(signal))
  const known = isLoaded(slice) ? cache.getImage(imageIdOf(slice)) : undefined
  if (frame === undefined || known !== undefined) {
    if (known === undefined) throw new Error('the image left the memory while it was loaded')
    return known
  }
  const image = await decoded(slice, frame, urgent)
  if (!signal.aborted && !isLoaded(slice)) keep(image, true)
  return image
}

/** Loads and decodes one image, whole, into the memory. Rejects with FrameRefused, or with the decoder's error. */
export function load(slice: Slice, urgent: boolean): Promise<Types.IImage> {
  const imageId = imageIdOf(slice)
  const known = isLoaded(slice) ? cache.getImage(imageId) : undefined
  if (known !== undefined) return Promise.resolve(known)
  // Who waits for it does not wait behind what was queued for later, even for the same image.
  const name = `${imageId} ${String(urgent)}`
  const underway = loading.get(name)
  if (underway !== undefined) return underway
  const image = whole(slice, urgent).finally(() => loading.delete(name))
  loading.set(name, image)
  return image
}

/** For what the library asks for by itself. */
export function loadByName(imageId: string): Promise<Types.IImage> {
  const slice = slices.get(imageId)
  return slice === undefined ? Promise.reject(new Error(`unknown image ${imageId}`)) : load(slice, true)
}

/** An image has left the memory. */
export function forget(imageId: string): void {
  rough.delete(imageId)
  coming.delete(imageId)
}

/** The reader leaves: waiting downloads end, and the memory is given back. */
export function leave(): void {
  leaving.abort()
  leaving = new AbortController()
  cache.purgeCache()
  for (const kept of [slices, rough, plain, coming, loading]) kept.clear()
}
