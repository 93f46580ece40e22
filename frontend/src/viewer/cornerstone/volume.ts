/** Volumes in memory: made when the first picture needs one, dropped when the last is closed. */
import { cache, type Types, volumeLoader } from '@cornerstonejs/core'

import { text } from '../dicom'
import { mended, type Values } from '../resample'
import type { Slice } from '../slices'
import { type Sound, type Unsound, type Voxel, volumeOf } from '../volumes'
import { fits, pixelsOf } from './images'
import { imageIdOf, isLoaded, load } from './loading'

export interface Held {
  id: string
  sound: Sound
  voxel: Voxel
}

interface Kept {
  pictures: number
  made: Promise<Held>
}

const kept = new Map<string, Kept>()
/** Beside the prefetch, which brings the same images in the order the reader looks. */
const AT_ONCE = 4

async function loadAll(slices: Slice[]): Promise<void> {
  const waiting = slices.filter((slice) => !isLoaded(slice))
  const line = async (): Promise<void> => {
    for (let slice = waiting.shift(); slice !== undefined; slice = waiting.shift()) await load(slice, false)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, line))
}

function pixelsFor(slice: Slice): { values: Values; rows: number; columns: number } {
  const pixels = pixelsOf(slice)
  if (pixels === undefined) throw new Error('an image of the volume is not loaded')
  return { values: pixels.values as Values, rows: pixels.rows, columns: pixels.columns }
}

async function straightened(id: string, sound: Sound): Promise<Types.IImageVolume> {
  const { grid, slices } = sound
  const [first] = slices
  return volumeLoader.createLocalVolume(id, {
    scalarData: await mended(sound, pixelsFor),
    dimensions: grid.dimensions,
    spacing: grid.spacing,
    origin: [...grid.origin],
    direction: [...grid.row, ...grid.column, ...grid.normal] as Types.Mat3,
    metadata: {
      Modality: first === undefined ? '' : text(first.attributes, '00080060'),
      FrameOfReferenceUID: sound.frame,
      ImageOrientationPatient: [...grid.row, ...grid.column],
      PixelSpacing: [grid.spacing[1], grid.spacing[0]],
      Columns: grid.dimensions[0],
      Rows: grid.dimensions[1],
    } as unknown as Types.Metadata,
  })
}

async function make(id: string, sound: Sound): Promise<Held> {
  await loadAll(sound.slices)
  const volume =
    sound.mend === 'none' ? volumeLoader.createAndCacheVolumeFromImagesSync(id, sound.slices.map(imageIdOf)) : await straightened(id, sound)
  const voxels = volume.voxelManager
  return { id, sound, voxel: (i, j, k) => Number(voxels?.getAtIJK(i, j, k) ?? 0) }
}

/**
 * The volume of these images, loading what is missing. Every call must be answered by one `dropVolume` with the same
 * id. Rejects as `load` does.
 */
export async function holdVolume(slices: Slice[], pass: number): Promise<Held | Unsound> {
  const sound = volumeOf(slices, pass)
  if (typeof sound === 'string') return sound
  const [first] = sound.slices
  if (first === undefined || fits(first) < sound.slices.length) return 'memory'
  const id = `volume:${first.url}:${String(sound.slices.length)}`
  const known = kept.get(id)
  const entry = known ?? { pictures: 0, made: make(id, sound) }
  entry.pictures += 1
  kept.set(id, entry)
  try {
    return await entry.made
  } catch (reason) {
    dropVolume(id)
    throw reason
  }
}

function forget(id: string): void {
  kept.delete(id)
  const volume = cache.getVolume(id)
  if (volume === undefined) return
  const own = volume.imageIds.filter((imageId) => imageId.startsWith(id))
  cache.removeVolumeLoadObject(id)
  for (const imageId of own) if (cache.getImageLoadObject(imageId) !== undefined) cache.removeImageLoadObject(imageId, { force: true })
}

export function dropVolume(id: string): void {
  const entry = kept.get(id)
  if (entry === undefined) return
  entry.pictures -= 1
  if (entry.pictures <= 0) forget(id)
}

/** How many volumes are in memory. */
export function volumesHeld(): number {
  return kept.size
}
