/**
 * The seam to the image library: the rest of the front end knows this file alone, so that the library can be replaced
 * or its newer viewports be taken up. Inside: `images` (start, metadata, memory), `loading` (how
 * images come), `view`, `reformat` and
 * `solid` (one picture: the images as taken, a plane through their volume, the volume as a body), `volume` (what is
 * cut), `tools` (what the pointer does, what was measured).
 */
import type { Plane } from '../shared'
import { Reformat } from './reformat'
import { Solid } from './solid'
import { type Seen, View } from './view'

export * from './images'
export { announce, glimpse, imageIdOf, isLoaded, isVisible, leave, load, onLine, sliceOf } from './loading'
export { type Edges } from './screen'
export { type Rendering, RENDERINGS } from './solid'
export * from './tools'
export { type Cut, type Probe, type Seen } from './view'
export { volumesHeld } from './volume'
export { Reformat, Solid, View }

export type AnyView = View | Reformat | Solid

/** Opens a picture in `element`, which must be laid out already. `changed` is told of every change on the screen. */
export function openView(plane: Plane, element: HTMLDivElement, changed: (seen: Seen) => void): Promise<AnyView> {
  if (plane === 'stack') return View.open(element, changed)
  return plane === 'solid' ? Solid.open(element, changed) : Reformat.open(element, changed, plane)
}
