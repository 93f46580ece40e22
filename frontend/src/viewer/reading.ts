/** What the reading workplace holds: the case, its series, the pictures, and what the keys do to them. */
import { computed, onScopeDispose, reactive, ref, shallowReactive, shallowRef } from 'vue'

import { cases } from '@/api/calls'
import { asProblem, type Problem } from '@/api/problem'
import type { CaseDetail, Verb } from '@/api/types'
import { newKey } from '@/api/wire'

import { firstToRead } from './hanging'
import { leave, onLine } from './cornerstone'
import { OpenSeries, type Progress, rowsOf, type SeriesRow } from './series'
import { noteOpened, openedBefore } from './opened'

const AGAIN_WHILE_ARRIVING_MS = 8000
/** Late slices reopen a study, so that one that is not proved complete is looked at again, less often. */
const AGAIN_WHILE_OPEN_MS = 15_000
const AGAIN_WHEN_COMPLETE_MS = 60_000

function pauseFor(detail: CaseDetail | undefined): number {
  const states = (detail?.studies ?? []).map((study) => study.completeness.status)
  if (states.length === 0 || states.includes('receiving')) return AGAIN_WHILE_ARRIVING_MS
  return states.every((state) => state === 'complete') ? AGAIN_WHEN_COMPLETE_MS : AGAIN_WHILE_OPEN_MS
}

export function useReading(caseId: string) {
  const detail = shallowRef<CaseDetail>()
  const problem = shallowRef<Problem>()
  const moveProblem = shallowRef<Problem>()
  const rows = shallowRef<SeriesRow[]>([])
  const opened = shallowReactive(new Map<string, OpenSeries>())
  const progress = reactive<Record<string, Progress>>({})
  const runs = shallowReactive<Record<string, [number, number][]>>({})
  const seen = shallowReactive(new Set(openedBefore(caseId)))
  const framesWaiting = ref(0)
  const opening = new Map<string, Promise<OpenSeries>>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isGone = false

  const stopLine = onLine((waiting) => (framesWaiting.value = waiting))

  async function load(): Promise<void> {
    try {
      take(await cases.get(caseId))
      problem.value = undefined
      await openCase()
    } catch (reason) {
      problem.value = asProblem(reason)
    }
    schedule()
  }

  function take(now: CaseDetail): void {
    detail.value = now
    rows.value = rowsOf(now.studies)
  }

  /** Opening the workplace is the move `open`: the same case and version is one intention, however often it is loaded. */
  async function openCase(): Promise<void> {
    const now = detail.value
    const move = now?.moves.find(({ verb }) => verb === 'open')
    if (now === undefined || move === undefined || !move.needs.every((need) => need.met)) return
    try {
      await cases.move(caseId, now.version, { verb: 'open' }, `open-${caseId}-${String(now.version)}`)
    } catch (reason) {
      const refused = asProblem(reason)
      if (!refused.stale) moveProblem.value = refused
    }
    take(await cases.get(caseId))
  }

  /** Makes a move on the case and shows the case as it is afterwards. */
  async function move(verb: Verb, say: Record<string, unknown> = {}): Promise<void> {
    const now = detail.value
    if (now === undefined) return
    await cases.move(caseId, now.version, { verb, ...say }, newKey())
    take(await cases.get(caseId))
  }

  function schedule(): void {
    clearTimeout(timer)
    if (isGone) return
    timer = setTimeout(() => void refresh(), pauseFor(detail.value))
  }

  /** Images that arrive while the case is read: new rows, and more slices in an open series. */
  async function refresh(): Promise<void> {
    const before = new Map(rows.value.map((row) => [row.uid, row.received]))
    try {
      take(await cases.get(caseId))
      problem.value = undefined
      const grown = rows.value.filter((row) => opened.has(row.uid) && row.received !== before.get(row.uid))
      await Promise.all(grown.map((row) => reopen(row)))
    } catch {
      // the next round asks again; what is on the screen stays
    }
    schedule()
  }

  async function reopen(row: SeriesRow): Promise<void> {
    const before = opened.get(row.uid)
    opening.delete(row.uid)
    await open(row)
    before?.rest()
  }

  /** The series' images become known; nothing of them is loaded yet. */
  function open(row: SeriesRow): Promise<OpenSeries> {
    const known = opening.get(row.uid)
    if (known !== undefined) return known
    const coming = OpenSeries.open(row, () => { count(row.uid) }).then((series) => {
      opened.set(row.uid, series)
      count(row.uid)
      return series
    })
    coming.catch(() => opening.delete(row.uid))
    opening.set(row.uid, coming)
    return coming
  }

  function count(uid: string): void {
    const series = opened.get(uid)
    if (series === undefined) return
    progress[uid] = series.progress
    runs[uid] = series.runs()
  }

  /** The small pictures of this exam and the latest prior, one after the other, when the first series is on its way. */
  async function picture(): Promise<void> {
    const latest = rows.value.find((row) => row.role === 'prior')?.study
    for (const row of rows.value.filter(({ role, study }) => role === 'current' || study === latest)) {
      if (isGone) return
      if (row.notShown !== undefined) continue
      try {
        const series = await open(row)
        if (series.notShown === undefined) await series.glimpse(series.middle)
      } catch {
        // a series without its picture still has its row; opening it will say what is wrong
      }
    }
  }

  function begun(row: SeriesRow): void {
    seen.add(row.uid)
    noteOpened(caseId, row.uid)
  }

  const first = computed(() => firstToRead(rows.value))

  onScopeDispose(() => {
    isGone = true
    clearTimeout(timer)
    stopLine()
    for (const series of opened.values()) series.rest()
    leave()
  })

  return { detail, problem, moveProblem, rows, opened, progress, runs, seen, framesWaiting, first, load, open, move, picture, begun }
}
