/** The pictures side by side: which series each shows and how it is cut, which one the keys act on, what follows what. */
import { computed, nextTick, ref, shallowReactive, type ShallowRef, watch } from 'vue'

import type { AnyView, Seen } from './cornerstone'
import type { Vector } from './dicom'
import { follow, priorFor } from './hanging'
import { type LayoutName, layoutOf } from './layouts'
import { distanceTo, followed, nearest, type Place, placeOf, plus } from './place'
import type { OpenSeries, SeriesRow } from './series'
import type { PaneState, Plane } from './shared'
import type { Slice } from './slices'
import type { Window } from './windows'

/** What a picture gives to the page (Viewport.vue). */
export interface Picture {
  view: AnyView | undefined
  scrollBy: (steps: number) => void
  scrollTo: (index: number) => void
}

export interface Pane {
  /** Stays with the picture wherever it moves on the screen. */
  id: number
  row: SeriesRow | undefined
  plane: Plane
  seen: Seen | undefined
  start: number
  /** Where a new view begins, mm LPS; the middle when not said. */
  at: Vector | undefined
  /** The window a new view takes over. */
  window: Window | undefined
  /** What was told from elsewhere to be shown here. */
  told: PaneState | undefined
  /** Where it stood when the pictures were linked. */
  linkedAt: number
  linkedPlace: Place | undefined
}

const NONE: Pane = { id: 0, row: undefined, plane: 'stack', seen: undefined, start: 0, at: undefined, window: undefined, told: undefined, linkedAt: 0, linkedPlace: undefined }

let made = 0

function fresh(from: Partial<Pane> = {}): Pane {
  made += 1
  return { ...NONE, ...from, id: made }
}

/** Another way of cutting needs another picture. */
export function keyOf(pane: Pane): string {
  return `${String(pane.id)}-${pane.plane}`
}

/** The same view of a slice of another series: the camera moves along its line of sight onto that slice. */
function alike(state: PaneState, row: SeriesRow, slice: Slice | undefined): PaneState | undefined {
  const place = slice && placeOf(slice)
  const { camera } = state
  if (slice === undefined) return undefined
  const off = place === undefined || camera === undefined ? 0 : -distanceTo(place, camera.focal_point)
  const moved = camera && place && { ...camera, focal_point: plus(camera.focal_point, place.normal, off), position: plus(camera.position, place.normal, off) }
  return { ...state, series_uid: row.uid, sop_uid: slice.sop, frame: slice.frame, ...(moved === undefined ? {} : { camera: moved }) }
}

export function usePanes(
  rows: ShallowRef<SeriesRow[]>,
  opened: ReadonlyMap<string, OpenSeries>,
  open: (row: SeriesRow) => Promise<OpenSeries>,
  begun: (row: SeriesRow) => void,
  pictures: ReadonlyMap<string, Picture>,
) {
  const panes = shallowReactive<Pane[]>([fresh()])
  const active = ref(0)
  const linked = ref(true)
  const layout = ref<LayoutName>('1x1')
  /** A point that was clicked, shown in every picture. */
  const point = ref<{ frame: string; at: Vector }>()

  const pane = computed(() => panes[active.value] ?? panes[0] ?? NONE)
  const series = computed(() => seriesOf(pane.value))
  const slice = computed<Slice | undefined>(() => (pane.value.plane === 'stack' ? series.value?.slices[pane.value.seen?.shown ?? -1] : undefined))
  const inView = computed(() => panes.map((one) => one.row?.uid ?? ''))

  watch(inView, (uids) => {
    for (const [uid, other] of opened) if (!uids.includes(uid)) other.pause()
  })

  function seriesOf(one: Pane): OpenSeries | undefined {
    return one.row === undefined ? undefined : opened.get(one.row.uid)
  }

  function picture(index = active.value): Picture | undefined {
    const one = panes[index]
    return one && pictures.get(keyOf(one))
  }

  function set(index: number, change: Partial<Pane>): void {
    const before = panes[index]
    if (before !== undefined) panes[index] = { ...before, ...change }
  }

  /** Shows a series in a picture, from `start` on; the middle when not said. A layout of planes shows it in all of them. */
  async function show(row: SeriesRow, start?: number, index = active.value, at?: Vector, like?: PaneState): Promise<void> {
    if (row.notShown !== undefined) return
    const ready = await open(row)
    const from = (at && nearest(ready.slices, at)) ?? start ?? ready.middle
    if (panes[index]?.row?.uid === row.uid && picture(index) !== undefined) {
      if (start !== undefined) picture(index)?.scrollTo(from)
      return
    }
    const all = layoutOf(layout.value).planes === undefined ? [index] : panes.map((_, each) => each)
    for (const each of all) set(each, { row, start: from, at, window: undefined, seen: undefined, told: like && alike(like, row, ready.slices[from]), linkedAt: from, linkedPlace: undefined })
    begun(row)
    ready.focus(from)
    relink()
  }

  async function jump(row: SeriesRow, index: number): Promise<void> {
    const at = panes.findIndex((one) => one.row?.uid === row.uid && one.plane === 'stack')
    if (at >= 0) {
      active.value = at
      picture(at)?.scrollTo(index)
      return
    }
    if (pane.value.plane !== 'stack') await setLayout('1x1')
    await show(row, index)
  }

  function told(index: number, seen: Seen): void {
    set(index, { seen })
    const now = panes[index]
    if (now?.plane === 'stack' && seen.wanted >= 0) seriesOf(now)?.focus(seen.wanted)
  }

  /** The reader turned pages in one picture: the others follow, in the patient where they can, else by share. */
  function turned(index: number): void {
    const mine = panes[index]
    const place = picture(index)?.view?.place
    if (!linked.value || mine?.seen === undefined) return
    panes.forEach((other, each) => {
      const view = picture(each)?.view
      if (each === index || view === undefined) return
      if (place !== undefined && mine.linkedPlace !== undefined && other.linkedPlace !== undefined) {
        const there = followed(place, mine.linkedPlace, view.place?.frame === place.frame ? (view.place ?? other.linkedPlace) : other.linkedPlace)
        if (there !== undefined) view.moveTo(there)
        return
      }
      const [a, b] = [seriesOf(mine), seriesOf(other)]
      if (a === undefined || b === undefined || mine.plane !== 'stack' || other.plane !== 'stack' || mine.seen === undefined) return
      if (place === undefined && view.place === undefined) view.scrollTo(follow(a.slices, mine.linkedAt, mine.seen.wanted, b.slices, other.linkedAt))
    })
  }

  /** From here on the pictures move together: how they lie now is how they belong. */
  function relink(): void {
    panes.forEach((one, index) => {
      set(index, { linkedAt: one.seen?.wanted ?? one.start, linkedPlace: picture(index)?.view?.place })
    })
  }

  /** A picture has come to its first image: from now on it can be followed. */
  function settled(index: number): void {
    if (panes[index]?.linkedPlace === undefined) relink()
  }

  function toggleLink(): void {
    linked.value = !linked.value
    relink()
  }

  /** A point of the patient was clicked: every other picture of the same frame of reference goes there. */
  function pointed(index: number, at: Vector): void {
    const frame = picture(index)?.view?.place?.frame ?? ''
    point.value = frame === '' ? undefined : { frame, at }
    if (frame === '') return
    panes.forEach((_, each) => {
      const view = picture(each)?.view
      if (each !== index && view?.place?.frame === frame) view.moveTo(at)
    })
    relink()
  }

  /** What the picture in use hands to those that take its place. */
  function carried(): Pick<Pane, 'row' | 'start' | 'at' | 'window'> {
    const { row, start, seen, plane } = pane.value
    const at = point.value?.at ?? picture()?.view?.middle
    return { row, start: plane === 'stack' ? Math.max(0, seen?.shown ?? start) : start, at, window: seen?.window }
  }

  /** The series that a further picture begins with: the next of this exam that is not yet on the screen. */
  function nextRow(): SeriesRow | undefined {
    return rows.value.find((row) => row.notShown === undefined && row.role === 'current' && !inView.value.includes(row.uid) && opened.get(row.uid)?.notShown === undefined)
  }

  async function setLayout(name: LayoutName): Promise<void> {
    const wanted = layoutOf(name)
    const before = layoutOf(layout.value)
    const from = carried()
    layout.value = name
    if (wanted.planes !== undefined) {
      panes.splice(0, panes.length, ...wanted.planes.map((plane) => fresh({ ...from, plane })))
      active.value = 0
      return
    }
    if (before.planes !== undefined) {
      const place = picture(0)?.view?.place
      const at = from.at ?? place?.point
      const open = from.row && opened.get(from.row.uid)
      const start = (at && open && nearest(open.slices, at)) ?? from.start
      panes.splice(0, panes.length, fresh({ ...from, start, plane: 'stack' }))
      active.value = 0
    }
    if (panes.length > wanted.count) {
      const keep = pane.value
      panes.splice(wanted.count)
      if (active.value >= wanted.count) {
        active.value = 0
        panes[0] = keep
      }
    }
    while (panes.length < wanted.count) {
      panes.push(fresh())
      const row = nextRow()
      await nextTick()
      if (row !== undefined) await show(row, undefined, panes.length - 1, from.at)
    }
    relink()
  }

  /** Cuts the series of one picture another way, at the same place. */
  function setPlane(plane: Plane, index = active.value): void {
    const one = panes[index]
    const view = picture(index)?.view
    if (one === undefined || one.plane === plane) return
    const at = view?.middle ?? one.at
    const open = seriesOf(one)
    const start = (at && open && nearest(open.slices, at)) ?? one.start
    set(index, { plane, at, start, window: one.seen?.window, seen: undefined, told: undefined, linkedPlace: undefined })
  }

  /** Puts the prior to the left of this exam, where the reader looks for it; once more closes it. */
  async function togglePrior(): Promise<void> {
    if (panes.some((one) => one.row?.role === 'prior')) {
      const current = panes.findIndex((one) => one.row?.role === 'current')
      if (current >= 0) active.value = current
      await only(active.value)
      return
    }
    const { row } = pane.value
    const prior = row && priorFor(row, rows.value)
    if (row === undefined || prior === undefined) return
    await beside(prior)
  }

  async function beside(prior: SeriesRow): Promise<void> {
    const ready = await open(prior)
    const place = picture()?.view?.place
    const at = pane.value.seen?.wanted ?? pane.value.start
    const share = at / Math.max(1, (series.value?.slices.length ?? 1) - 1)
    const same = place === undefined ? -1 : ready.slices.findIndex((one) => (one.attributes['00200052']?.Value?.[0] ?? '') === place.frame)
    const start = same >= 0 && place !== undefined ? (nearest(ready.slices, place.point) ?? 0) : Math.round(share * (ready.slices.length - 1))
    await only(active.value)
    layout.value = '1x2'
    panes.unshift(fresh())
    active.value = 1
    await nextTick()
    await show(prior, start, 0)
  }

  /** One picture, with what this one shows. */
  async function only(index: number): Promise<void> {
    active.value = index
    await setLayout('1x1')
  }

  /** The next or previous series of the strip that can be shown. */
  async function step(by: number): Promise<void> {
    const shown = rows.value.filter((row) => row.notShown === undefined && opened.get(row.uid)?.notShown === undefined)
    const at = shown.findIndex((row) => row.uid === pane.value.row?.uid)
    const next = shown[at + by]
    if (next !== undefined) await show(next)
  }

  return {
    panes, active, linked, layout, point, pane, series, slice, inView,
    seriesOf, picture, show, jump, told, settled, turned, pointed, toggleLink, togglePrior, setLayout, setPlane, only, step,
  }
}
