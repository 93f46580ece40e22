/** Every question and verb the pages put to the server, by name. Each throws Problem when it cannot be answered. */
import type {
  Candidate,
  CaseDetail,
  CaseEvent,
  CaseRow,
  Fact,
  Institution,
  Language,
  NewCase,
  Page,
  Queue,
  Session,
  Study,
  Verdict,
} from './types'
import { etagOf, transport } from './wire'

type Query = Record<string, string | number | undefined>

interface Options {
  method?: string
  query?: Query
  json?: unknown
  form?: FormData
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

function addressOf(path: string, query: Query): URL {
  const url = new URL(path, window.location.origin)
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
  return url
}

/** Sends JSON or a form, and reads JSON. T is what the server's own description says of this address. */
export async function call<T>(path: string, options: Options = {}): Promise<T> {
  const headers = new Headers({ Accept: 'application/json, application/problem+json', ...options.headers })
  const init: RequestInit = { method: options.method ?? 'GET', headers, signal: options.signal ?? null }
  if (options.json !== undefined) {
    headers.set('Content-Type', 'application/json')
    init.body = JSON.stringify(options.json)
  }
  if (options.form !== undefined) init.body = options.form
  const response = await transport(new Request(addressOf(path, options.query ?? {}), init))
  return (response.status === 204 ? undefined : await response.json()) as T
}

export const session = {
  current: () => call<Session>('/api/v1/session'),
  signIn: (username: string, password: string, otp?: string) =>
    call<Session>('/api/v1/session', { method: 'POST', json: { username, password, ...(otp === undefined ? {} : { otp }) } }),
  signOut: () => call<undefined>('/api/v1/session', { method: 'DELETE' }),
  speak: (language: Language) => call<unknown>('/api/v1/session/language', { method: 'PUT', json: { language } }),
}

export interface CaseQuery {
  queue: Queue
  state?: string | undefined
  priority?: string | undefined
  q?: string | undefined
  after?: string | undefined
}

export interface MoveBody {
  verb: string
  reason?: string
  [asked: string]: unknown
}

export function caseAt(id: string, rest = ''): string {
  return `/api/v1/cases/${encodeURIComponent(id)}${rest}`
}

export const cases = {
  list: (query: CaseQuery, signal?: AbortSignal) => call<Page<CaseRow>>('/api/v1/cases', { query: { ...query }, signal }),
  get: (id: string, signal?: AbortSignal) => call<CaseDetail>(caseAt(id), { signal }),
  create: (body: NewCase, key: string) =>
    call<CaseDetail>('/api/v1/cases', { method: 'POST', json: body, headers: { 'Idempotency-Key': key } }),
  move: (id: string, version: number, body: MoveBody, key: string) =>
    call<CaseDetail>(caseAt(id, '/moves'), {
      method: 'POST',
      json: body,
      headers: { 'If-Match': etagOf(version), 'Idempotency-Key': key },
    }),
  events: (id: string, after?: number) => call<Page<CaseEvent>>(caseAt(id, '/events'), { query: { after } }),
  candidates: (id: string) => call<{ items: Candidate[] }>(caseAt(id, '/candidates')),
  pdf: (id: string, version?: number) =>
    caseAt(id, '/report.pdf') + (version === undefined ? '' : `?version=${String(version)}`),
}

export const studies = {
  arrived: (q: string, after?: string, signal?: AbortSignal) =>
    call<Page<Study>>('/api/v1/studies', { query: { q, after }, signal }),
}

export const institutions = {
  all: () => call<{ items: Institution[] }>('/api/v1/institutions'),
}

export const feed = {
  /** Without a position: no facts, only where the log stands. */
  head: () => call<{ head: number }>('/api/v1/feed'),
  after: (seq: number) => call<{ items: Fact[]; head: number }>('/api/v1/feed', { query: { after: seq } }),
}

export const reports = {
  verify: (file: File) => {
    const form = new FormData()
    form.append('file', file)
    return call<Verdict>('/api/v1/reports/verify', { method: 'POST', form })
  },
}
