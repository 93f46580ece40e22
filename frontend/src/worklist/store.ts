/** The worklist as it stands on the screen; it outlives the page, so that coming back from a case finds it as it was. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { cases, type CaseQuery } from '@/api/calls'
import { asProblem, type Problem } from '@/api/problem'
import type { CaseRow, CaseState, Fact, Page, Priority, Queue } from '@/api/types'
import { serverNow } from '@/look/now'

import { merge, shown, type Shown } from './merge'

/** Facts come in bursts (a study of 300 slices): one question to the server for each burst. */
const SETTLE_MS = 300

export const useWorklist = defineStore('worklist', () => {
  const queue = ref<Queue>('mine')
  const states = ref<CaseState[]>([])
  const priority = ref<Priority | ''>('')
  const words = ref('')

  const rows = shallowRef<Shown[]>([])
  const total = ref<number | null>(null)
  const next = ref<string | null>(null)
  const loaded = ref(false)
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const changes = ref(0)
  const urgent = ref(false)

  let pages = 1
  let running: AbortController | null = null
  let timer: number | undefined
  let pending: Fact[] = []

  const filtered = computed(() => states.value.length > 0 || priority.value !== '' || words.value !== '')

  function query(after?: string | null): CaseQuery {
    return {
      queue: queue.value,
      state: states.value.join(','),
      priority: priority.value,
      q: words.value.trim(),
      after: after ?? undefined,
    }
  }

  function take(page: Page<CaseRow>): void {
    next.value = page.next
    total.value = page.total ?? (page.next === null ? rows.value.filter((row) => !row.gone).length : total.value)
  }

  async function fetchPages(count: number, signal: AbortSignal): Promise<Page<CaseRow>> {
    let page = await cases.list(query(), signal)
    const items = [...page.items]
    for (let read = 1; read < count && page.next !== null; read += 1) {
      page = await cases.list(query(page.next), signal)
      items.push(...page.items)
    }
    return { ...page, items }
  }

  /** Loads the list afresh; an answer to an older question is dropped. */
  async function load(keepPages = false): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    busy.value = true
    if (!keepPages) pages = 1
    try {
      const page = await fetchPages(pages, mine.signal)
      rows.value = shown(page.items, serverNow())
      take(page)
      problem.value = null
      changes.value = 0
      urgent.value = false
      loaded.value = true
    } catch (reason) {
      if (running !== mine) return
      problem.value = asProblem(reason)
    } finally {
      if (running === mine) busy.value = false
    }
  }

  async function more(): Promise<void> {
    if (next.value === null || busy.value) return
    busy.value = true
    try {
      const page = await cases.list(query(next.value))
      const known = new Set(rows.value.map((row) => row.row.id))
      rows.value = [...rows.value, ...shown(page.items.filter((row) => !known.has(row.id)), serverNow())]
      take(page)
      pages += 1
    } finally {
      busy.value = false
    }
  }

  /** Asks quietly what changed and brings it in without moving a row. */
  async function refresh(facts: Fact[]): Promise<void> {
    if (busy.value || !loaded.value) return
    const mine = new AbortController()
    running = mine
    try {
      const page = await fetchPages(pages, mine.signal)
      if (running !== mine) return
      if (rows.value.length === 0) {
        await load()
        return
      }
      const news = merge(rows.value, { items: page.items, cut: page.next !== null }, facts, serverNow())
      rows.value = news.rows
      changes.value = news.changes
      urgent.value = news.urgent
      if (page.total !== undefined) total.value = page.total
      problem.value = null
    } catch {
      // the banner of the line says that it is broken; what is on the screen stays readable
    }
  }

  function hear(facts: Fact[]): void {
    pending.push(...facts)
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      const heard = pending
      pending = []
      void refresh(heard)
    }, SETTLE_MS)
  }

  function clearFilters(): void {
    states.value = []
    priority.value = ''
    words.value = ''
  }

  function reset(): void {
    running?.abort()
    running = null
    busy.value = false
    clearFilters()
    rows.value = []
    loaded.value = false
    next.value = null
    total.value = null
    problem.value = null
    changes.value = 0
  }

  return { queue, states, priority, words, rows, total, next, loaded, busy, problem, changes, urgent, filtered, load, more, hear, clearFilters, reset }
})
