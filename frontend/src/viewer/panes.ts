/** One or two pictures side by side: which series each shows, which one the keys act on, and whether they scroll together. */
import { computed, nextTick, ref, shallowReactive, type ShallowRef, watch } from 'vue'

import { follow, priorFor } from './hanging'
import type { OpenSeries, SeriesRow } from './series'
import type { Slice } from './slices'
import type { Seen, View } from './cornerstone'

/** What a picture gives to the page (Viewport.vue). */
export interface Picture {
  view: View | undefined
  scrollBy: (steps: number) => void
  scrollTo: (index: number) => void
}

export interface Pane {
  row: SeriesRow | undefined
  seen: Seen | undefined
  start: number
  /** Where it stood when both were linked. */
  linkedAt: number
}

const NEW: Pane = { row: undefined, seen: undefined, start: 0, linkedAt: 0 }

export function usePanes(
  rows: ShallowRef<SeriesRow[]>,
  opened: ReadonlyMap<string, OpenSeries>,
  open: (row: SeriesRow) => Promise<OpenSeries>,
  begun: (row: SeriesRow) => void,
  pictures: Readonly<ShallowRef<(Picture | null)[] | null>>,
) {
  const panes = shallowReactive<Pane[]>([{ ...NEW }])
  const active = ref(0)
  const linked = ref(true)

  const pane = computed(() => panes[active.value] ?? panes[0] ?? NEW)
  const series = computed(() => seriesOf(pane.value))
  const slice = computed<Slice | undefined>(() => series.value?.slices[pane.value.seen?.shown ?? -1])
  const inView = computed(() => panes.map((one) => one.row?.uid ?? ''))

  watch(inView, (uids) => {
    for (const [uid, other] of opened) if (!uids.includes(uid)) other.pause()
  })

  function seriesOf(one: Pane): OpenSeries | undefined {
    return one.row === undefined ? undefined : opened.get(one.row.uid)
  }

  function picture(index = active.value): Picture | undefined {
    return pictures.value?.[index] ?? undefined
  }

  function set(index: number, change: Partial<Pane>): void {
    const before = panes[index]
    if (before !== undefined) panes[index] = { ...before, ...change }
  }

  /** Shows a series in a picture, from `start` on; the middle when not said. */
  async function show(row: SeriesRow, start?: number, index = active.value): Promise<void> {
    if (row.notShown !== undefined) return
    const ready = await open(row)
    const from = start ?? ready.middle
    set(index, { row, start: from, seen: undefined, linkedAt: from })
    begun(row)
    ready.focus(from)
    relink()
  }

  async function jump(row: SeriesRow, index: number): Promise<void> {
    if (pane.value.row?.uid === row.uid) picture()?.scrollTo(index)
    else await show(row, index)
  }

  function told(index: number, seen: Seen): void {
    set(index, { seen })
    const now = panes[index]
    if (now !== undefined && seen.wanted >= 0) seriesOf(now)?.focus(seen.wanted)
  }

  /** The reader turned pages in one picture: the other follows by as many mm. */
  function turned(index: number): void {
    const [mine, other] = [panes[index], panes[1 - index]]
    if (!linked.value || mine === undefined || other === undefined) return
    const [a, b] = [seriesOf(mine), seriesOf(other)]
    if (a === undefined || b === undefined || mine.seen === undefined) return
    const to = follow(a.slices, mine.linkedAt, mine.seen.wanted, b.slices, other.linkedAt)
    picture(1 - index)?.view?.scrollTo(to)
  }

  function relink(): void {
    panes.forEach((one, index) => { set(index, { linkedAt: one.seen?.wanted ?? one.start }) })
  }

  function toggleLink(): void {
    linked.value = !linked.value
    relink()
  }

  /** Puts the prior beside this exam, at the same share of the stack; once more closes it. */
  async function togglePrior(): Promise<void> {
    if (panes.length > 1) {
      panes.length = 1
      active.value = 0
      return
    }
    const { row } = pane.value
    const prior = row && priorFor(row, rows.value)
    if (row === undefined || prior === undefined) return
    const ready = await open(prior)
    const at = pane.value.seen?.wanted ?? pane.value.start
    const share = at / Math.max(1, (series.value?.slices.length ?? 1) - 1)
    panes.push({ ...NEW })
    await nextTick()
    await show(prior, Math.round(share * (ready.slices.length - 1)), 1)
  }

  /** The next or previous series of the strip that can be shown. */
  async function step(by: number): Promise<void> {
    const shown = rows.value.filter((row) => row.notShown === undefined && opened.get(row.uid)?.notShown === undefined)
    const at = shown.findIndex((row) => row.uid === pane.value.row?.uid)
    const next = shown[at + by]
    if (next !== undefined) await show(next)
  }

  return { panes, active, linked, pane, series, slice, inView, seriesOf, picture, show, jump, told, turned, toggleLink, togglePrior, step }
}
