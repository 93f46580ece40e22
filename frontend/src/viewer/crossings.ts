/** The planes of the other pictures, as each picture draws them; and turning one of them by its line. */
import { type AnyView, Reformat } from './cornerstone'
import { cross, dot } from './geometry'
import { type Pane, keyOf, type Picture } from './panes'
import type { Plane } from './shared'
import type { Crossing } from './PlaneLines.vue'

const COLOURS: Record<Plane, string> = {
  axial: '#e0655c',
  sagittal: '#d9b441',
  coronal: '#63b26f',
  oblique: '#b98be0',
  stack: '#5aa9e6',
  solid: '#5aa9e6',
}

/** The lines in picture `index`. Reads what each picture has seen, so that it is asked again when one moves. */
export function crossingsOf(panes: readonly Pane[], index: number, viewOf: (index: number) => AnyView | undefined): Crossing[] {
  return panes.flatMap((other, each) => {
    if (each === index || other.seen === undefined || other.seen.shown < 0) return []
    const place = viewOf(each)?.place
    return place === undefined ? [] : [{ key: keyOf(other), place, colour: COLOURS[other.plane], turnable: other.plane !== 'stack' && other.plane !== 'solid' }]
  })
}

/**
 * Turns the plane of picture `key` by `angle` (radians, clockwise on the screen of `mine`) about the line of sight of
 * `mine`, through `about`.
 */
export function tilt(mine: AnyView | undefined, other: Picture | undefined, angle: number): void {
  const [a, b] = [mine?.place, other?.view]
  if (a === undefined || mine === undefined || !(b instanceof Reformat)) return
  const { clientWidth, clientHeight } = mine.element
  // clockwise on the screen is a turn by the right hand about the direction into it, wherever that points
  const origin = mine.pointAt(0, 0)
  const right = mine.pointAt(clientWidth, 0)
  const down = mine.pointAt(0, clientHeight)
  const inwards = cross([right[0] - origin[0], right[1] - origin[1], right[2] - origin[2]], [down[0] - origin[0], down[1] - origin[1], down[2] - origin[2]])
  const size = Math.sqrt(dot(inwards, inwards))
  b.tilt([inwards[0] / size, inwards[1] / size, inwards[2] / size], angle, mine.middle ?? a.point)
}
