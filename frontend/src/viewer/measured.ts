/** The measurements as the page shows, writes and keeps them: saved with the case by author, taken back and redone. */
import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'

import type { Problem } from '@/api/problem'

import { forgetMeasurements, type Measured, measurements, onMarks, put, remove as take, sayWords, selectedMeasurement } from './cornerstone'
import { type Deed, inverse, isKind, type Mark, shownValue, type Value } from './marks'
import { savedMarks, type SavedMark } from './saved'
import type { OpenSeries, SeriesRow } from './series'

export interface MeasuredRow {
  mark: Measured
  row: SeriesRow
  /** Counts from 1. */
  slice: number
  value: string
  /** The one number that a narrow list has room for. */
  short: string
  /** Of somebody else; empty for one's own. */
  author: string
}

const MOST_UNDONE = 100

export function useMeasured(caseId: string, opened: ReadonlyMap<string, OpenSeries>) {
  const { t } = useI18n()
  const found = shallowRef<Measured[]>(measurements())
  const problem = shallowRef<Problem>()
  const saved = shallowRef<ReadonlyMap<string, SavedMark>>(new Map())
  const done = shallowRef<Deed[]>([])
  const undone = shallowRef<Deed[]>([])
  const server = savedMarks(caseId, (known) => (saved.value = known), (reason) => { problem.value = reason })
  sayWords(t('viewer.overlay.detector'), Object.fromEntries((['width', 'area', 'mean', 'sd', 'min', 'max'] as const).map((name) => [name, t(`viewer.measure.${name}`)])))

  const stop = onMarks(
    (deed) => {
      done.value = [...done.value, deed].slice(-MOST_UNDONE)
      undone.value = []
      keep(deed)
    },
    (all) => (found.value = all),
  )
  onScopeDispose(() => {
    stop()
    forgetMeasurements()
  })

  function placeOf(mark: Mark) {
    for (const series of opened.values()) {
      const index = series.indexOf(mark.sop, mark.frame)
      const slice = series.slices[index]
      if (slice !== undefined) return { series, index, slice }
    }
    return undefined
  }

  function keep(deed: Deed): void {
    const place = placeOf(deed.mark)
    if (place === undefined) return
    problem.value = undefined
    server.keep(deed, { study: place.series.row.study, series: place.series.row.uid, scale: place.slice.scale })
  }

  /** What was saved appears as soon as the series that it lies on is open. */
  function appear(): void {
    const there = new Set(found.value.map(({ id }) => id))
    for (const { mark, mine } of saved.value.values()) {
      const place = there.has(mark.id) || !isKind(mark.kind) ? undefined : placeOf(mark)
      if (place !== undefined) put(mark, place.slice, !mine)
    }
    found.value = measurements()
  }
  watch([saved, () => [...opened.values()].map((series) => series.slices.length)], appear)
  void server.load()

  /** Makes a deed on the screen and with the case; not one to be undone by itself. */
  function perform(deed: Deed): void {
    const place = placeOf(deed.mark)
    if (deed.did === 'removed') take(deed.mark.id)
    else if (place !== undefined) put(deed.mark, place.slice, false)
    found.value = measurements()
    keep(deed)
  }

  function undo(): void {
    const last = done.value.at(-1)
    if (last === undefined) return
    done.value = done.value.slice(0, -1)
    undone.value = [...undone.value, last]
    perform(inverse(last))
  }

  function redo(): void {
    const last = undone.value.at(-1)
    if (last === undefined) return
    undone.value = undone.value.slice(0, -1)
    done.value = [...done.value, last]
    perform(last)
  }

  function valueOf({ values, slice }: Measured): string {
    const said = values.map((value: Value) => {
      const word = value.name === 'length' || value.name === 'angle' || value.name === 'value' ? '' : `${t(`viewer.measure.${value.name}`)} `
      return word + shownValue(value)
    })
    const sized = values.some(({ unit }) => unit === 'mm' || unit === 'mm2')
    return said.join(' · ') + (sized && slice.scale === 'detector' ? `（${t('viewer.overlay.detector')}）` : '')
  }

  /** Of a region its mean, of the rest the first number. */
  function shortOf(mark: Measured): string {
    const mean = mark.values.filter(({ name }) => name === 'mean')
    return valueOf({ ...mark, values: mean.length > 0 ? mean : mark.values.slice(0, 1) })
  }

  const rows = computed<MeasuredRow[]>(() =>
    found.value.flatMap((mark) => {
      const place = placeOf(mark)
      if (place === undefined) return []
      const kept = saved.value.get(mark.id)
      const author = kept === undefined || kept.mine ? '' : kept.author
      return [{ mark, row: place.series.row, slice: place.index + 1, value: valueOf(mark), short: shortOf(mark), author }]
    }),
  )

  /** The one that is selected on the image, else the latest. */
  const latest = computed(() => {
    const selected = selectedMeasurement()
    return rows.value.find((row) => row.mark.id === selected) ?? rows.value.at(-1)
  })

  function words(row = latest.value): string | undefined {
    return row === undefined ? undefined : t('viewer.measure.sentence', { value: row.value, slice: row.slice })
  }

  function remove(mark: Mark | undefined = latest.value?.author === '' ? latest.value.mark : undefined): void {
    if (mark === undefined) return
    const deed: Deed = { did: 'removed', mark }
    done.value = [...done.value, deed].slice(-MOST_UNDONE)
    undone.value = []
    perform(deed)
  }

  return { rows, words, remove, undo, redo, problem, done, undone }
}
