/** What administrators ask about turnaround. Each throws Problem when it cannot be answered. */
import { api, type Schema, type Told, told } from '@/api/client'

export type Figures = Told<Schema['TurnaroundOut']>
export type Tile = Told<Schema['TileOut']>
export type Whole = Told<Schema['WholeOut']>
export type Rate = Told<Schema['RateOut']>
export type TimedCase = Told<Schema['TurnaroundCaseOut']>
export type Choices = Told<Schema['ChoicesOut']>
export type By = Schema['By']

/** Days are written 2026-11-24; an empty text narrows nothing. */
export interface Asked {
  from: string
  to: string
  site: string
  modality: string
  priority: string
}

/** What is opened into cases: a metric, perhaps of one group of a division, perhaps only the late ones. */
export interface Opened {
  title: string
  metric: string
  by?: By
  group?: string
  late?: boolean
}

function narrowed(asked: Asked): Record<string, string> {
  return Object.fromEntries(Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== ''))
}

function behind(opened: Opened): Record<string, string> {
  const { metric, by = '', group = '', late = false } = opened
  return { cases: '1', metric, ...(by === '' ? {} : { by }), ...(group === '' ? {} : { group }), ...(late ? { only: 'breaches' } : {}) }
}

function ask(query: Record<string, string>): Promise<Figures> {
  return told(api.GET('/api/v1/turnaround', { params: { query } }))
}

export const turnaround = {
  tiles: (asked: Asked, by: By = '', metric = '') => ask({ ...narrowed(asked), ...(by === '' ? {} : { by }), ...(metric === '' ? {} : { metric }) }),
  cases: (asked: Asked, opened: Opened, after: string | null) => ask({ ...narrowed(asked), ...behind(opened), ...(after === null ? {} : { after }) }),
  choices: (asked: Asked): Promise<Choices> => told(api.GET('/api/v1/turnaround/choices', { params: { query: { from: asked.from, to: asked.to } } })),
  reports: async () => (await told(api.GET('/api/v1/turnaround/reports'))).items,
  report: (month: string) => `/api/v1/turnaround/reports/${month}`,
  file: (kind: 'csv' | 'xlsx', asked: Asked, more: Record<string, string> = {}) =>
    `/api/v1/turnaround.${kind}?${new URLSearchParams({ ...narrowed(asked), ...more }).toString()}`,
  caseFile: (kind: 'csv' | 'xlsx', asked: Asked, opened: Opened) =>
    `/api/v1/turnaround.${kind}?${new URLSearchParams({ ...narrowed(asked), ...behind(opened) }).toString()}`,
}
