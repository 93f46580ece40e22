/** Brings news into a list that someone is reading: rows change where they stand, and nothing jumps until asked for. */
import type { CaseRow, Fact, Priority } from '@/api/types'

/** What a list may hold. */
interface Item {
  id: string
  priority: Priority
}

export interface Shown<T extends Item = CaseRow> {
  row: T
  /** When the server told it, ms by the server's clock: clocks count on from here. */
  takenAt: number
  /** No longer in this list; it fades and goes when the reader takes the changes. */
  gone: boolean
}

export interface Fresh<T extends Item = CaseRow> {
  items: T[]
  /** Whether the fresh pages end before the list does: a row absent from them may just have been pushed down. */
  cut: boolean
}

export interface News<T extends Item = CaseRow> {
  rows: Shown<T>[]
  /** Rows that would appear or leave if the list were loaded now. */
  changes: number
  /** One of those that would appear is an emergency. */
  urgent: boolean
}

export function shown<T extends Item>(items: T[], takenAt: number): Shown<T>[] {
  return items.map((row) => ({ row, takenAt, gone: false }))
}

/** What the reader sees now, brought up to date in place, and how much waits to be taken. */
export function merge<T extends Item>(current: Shown<T>[], fresh: Fresh<T>, facts: Fact[], takenAt: number): News<T> {
  const byId = new Map(fresh.items.map((row) => [row.id, row]))
  const touched = new Set(facts.map((fact) => fact.case_id))
  const rows = current.map((old): Shown<T> => {
    const row = byId.get(old.row.id)
    if (row !== undefined) return { row, takenAt, gone: false }
    return { ...old, gone: old.gone || !fresh.cut || touched.has(old.row.id) }
  })
  const known = new Set(current.map((old) => old.row.id))
  const added = fresh.items.filter((row) => !known.has(row.id))
  const gone = rows.filter((row) => row.gone).length
  return { rows, changes: added.length + gone, urgent: added.some((row) => row.priority === 'emergency') }
}
