/** The desk as it stands on the screen: rows change where they are, and nothing jumps until it is asked for. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { asProblem, type Problem } from '@/api/problem'
import type { Fact } from '@/api/types'
import { serverNow } from '@/look/now'
import { merge, shown, type Shown } from '@/worklist/merge'

import { desk, FIRST, MOST, type Alarm, type Colleague, type Pile, type PileName, type Slip } from './calls'

/** Facts come in bursts: one question to the server for each. */
const SETTLE_MS = 300

export interface Column {
  name: PileName
  rows: Shown<Slip>[]
  next: string | null
  total: number
  overdue: number
}

export const useDesk = defineStore('desk', () => {
  const columns = shallowRef<Column[]>([])
  const alarms = shallowRef<Alarm[]>([])
  const people = shallowRef<Colleague[]>([])
  const loaded = ref(false)
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const changes = ref(0)
  const urgent = ref(false)
  const ticked = ref(new Set<string>())

  let running: AbortController | null = null
  let timer: number | undefined
  let pending: Fact[] = []

  const slips = computed(() => columns.value.flatMap((column) => column.rows.filter((one) => !one.gone).map((one) => one.row)))
  const chosen = computed(() => slips.value.filter((slip) => ticked.value.has(slip.id)))

  /** The whole desk, each column as far as it was paged. */
  async function ask(signal: AbortSignal): Promise<Pile[]> {
    const told = await desk.whole(signal)
    const longer = await Promise.all(
      told.columns.map(async (pile) => {
        const wanted = columns.value.find((column) => column.name === pile.name)?.rows.length ?? 0
        return wanted > FIRST && pile.next !== null ? pages(pile, wanted, signal) : pile
      }),
    )
    alarms.value = told.alarms
    people.value = told.people
    return longer
  }

  async function pages(first: Pile, wanted: number, signal: AbortSignal): Promise<Pile> {
    let page = first
    const items = [...first.items]
    while (items.length < wanted && page.next !== null) {
      page = await desk.pile(first.name, page.next, Math.min(MOST, wanted - items.length), signal)
      items.push(...page.items)
    }
    return { ...page, items }
  }

  function begun(): AbortController {
    running?.abort()
    running = new AbortController()
    return running
  }

  async function load(): Promise<void> {
    const mine = begun()
    busy.value = true
    try {
      const piles = await ask(mine.signal)
      if (running !== mine) return
      columns.value = piles.map(({ items, ...rest }) => ({ ...rest, rows: shown(items, serverNow()) }))
      ticked.value = new Set(chosen.value.map((slip) => slip.id))
      changes.value = 0
      urgent.value = false
      problem.value = null
      loaded.value = true
    } catch (reason) {
      if (running === mine) problem.value = asProblem(reason)
    } finally {
      if (running === mine) busy.value = false
    }
  }

  /** Asks quietly what changed and brings it in without moving a row. */
  async function refresh(facts: Fact[]): Promise<void> {
    if (busy.value || !loaded.value) return
    const mine = begun()
    try {
      const piles = await ask(mine.signal)
      if (running !== mine) return
      let count = 0
      let pressing = false
      columns.value = columns.value.map((column) => {
        const fresh = piles.find((pile) => pile.name === column.name)
        if (fresh === undefined) return column
        const news = merge(column.rows, { items: fresh.items, cut: fresh.next !== null }, facts, serverNow())
        count += news.changes
        pressing ||= news.urgent
        return { name: column.name, rows: news.rows, next: fresh.next, total: fresh.total, overdue: fresh.overdue }
      })
      changes.value = count
      urgent.value = pressing
      problem.value = null
    } catch {
      // the banner of the line says that it is broken; what is on the screen stays readable
    }
  }

  async function more(name: PileName): Promise<void> {
    const column = columns.value.find((one) => one.name === name)
    if (column?.next == null) return
    const page = await desk.pile(name, column.next, FIRST)
    const known = new Set(column.rows.map((one) => one.row.id))
    const rows = [...column.rows, ...shown(page.items.filter((slip) => !known.has(slip.id)), serverNow())]
    columns.value = columns.value.map((one) => (one.name === name ? { ...one, rows, next: page.next } : one))
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

  function tick(id: string): void {
    const next = new Set(ticked.value)
    if (!next.delete(id)) next.add(id)
    ticked.value = next
  }

  function untick(): void {
    ticked.value = new Set()
  }

  return { columns, alarms, people, loaded, busy, problem, changes, urgent, ticked, slips, chosen, load, more, hear, tick, untick }
})
