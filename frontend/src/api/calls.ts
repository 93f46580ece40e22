/** Every question and verb the pages put to the server, by name. Each throws Problem when it cannot be answered. */
import { api, told, type Schema } from './client'
import type { CaseDetail, CaseEvent, CaseRow, Language, MoveBody, NewCase, Page, Queue, Study } from './types'
import { etagOf, transport } from './wire'

export const session = {
  current: () => told(api.GET('/api/v1/session')),
  signIn: (username: string, password: string, otp: string | null) => told(api.POST('/api/v1/session', { body: { username, password, otp } })),
  signOut: () => api.DELETE('/api/v1/session'),
  speak: (language: Language) => told(api.PUT('/api/v1/session/language', { body: { language } })),
}

export const account = {
  password: (old_password: string, password: string) => api.PUT('/api/v1/account/password', { body: { old_password, password } }),
  first: (old_password: string, password: string, pin: string) => api.PUT('/api/v1/account/first', { body: { old_password, password, pin } }),
  pin: (old_pin: string, pin: string) => api.PUT('/api/v1/account/pin', { body: { old_pin, pin } }),
}

export interface CaseQuery {
  queue: Queue
  state?: string | undefined
  priority?: string | undefined
  q?: string | undefined
  after?: string | undefined
}

function onCase(id: string) {
  return { params: { path: { case_id: id } } }
}

/** Narrows what the description calls strings: states and verbs are the workflow's. */
function detailOf(body: object): CaseDetail {
  return body as CaseDetail
}

/** Page by page; `state` may name several, with commas. */
async function list(asked: CaseQuery, signal?: AbortSignal): Promise<Page<CaseRow>> {
  const { queue, after, ...rest } = asked
  const query = { ...rest, ...(queue === 'all' ? {} : { queue }), ...(after === undefined ? {} : { after }) }
  return (await told(api.GET('/api/v1/cases', { params: { query }, signal: signal ?? null }))) as Page<CaseRow>
}

export const cases = {
  list,
  get: async (id: string) => detailOf(await told(api.GET('/api/v1/cases/{case_id}', onCase(id)))),
  create: async (body: NewCase, key: string) =>
    detailOf(await told(api.POST('/api/v1/cases', { body, headers: { 'Idempotency-Key': key } }))),
  move: (id: string, version: number, body: MoveBody, key: string) =>
    told(api.POST('/api/v1/cases/{case_id}/moves', { ...onCase(id), body, headers: { 'If-Match': etagOf(version), 'Idempotency-Key': key } })),
  events: async (id: string) => (await told(api.GET('/api/v1/cases/{case_id}/events', onCase(id)))).items as CaseEvent[],
  candidates: async (id: string) => (await told(api.GET('/api/v1/cases/{case_id}/candidates', onCase(id)))).items,
  experts: (id: string) => told(api.GET('/api/v1/cases/{case_id}/experts', onCase(id))),
  opinions: (id: string) => told(api.GET('/api/v1/cases/{case_id}/opinions', onCase(id))),
  giveOpinion: (id: string, body: Schema['OpinionIn']) => told(api.PUT('/api/v1/cases/{case_id}/opinion', { ...onCase(id), body })),
  pdf: (id: string, version?: number) =>
    `/api/v1/cases/${encodeURIComponent(id)}/report.pdf${version === undefined ? '' : `?version=${String(version)}`}`,
}

export const studies = {
  arrived: (q: string, after?: string): Promise<Page<Study>> =>
    told(api.GET('/api/v1/studies', { params: { query: { q, ...(after === undefined ? {} : { after }) } } })),
}

export const institutions = {
  all: async () => (await told(api.GET('/api/v1/institutions'))).items,
}

export const feed = {
  /** Without a position: no facts, only where the log stands. */
  head: async () => (await told(api.GET('/api/v1/feed'))).head,
  after: (seq: number) => told(api.GET('/api/v1/feed', { params: { query: { after: seq } } })),
}

export const reports = {
  /** Whether a number is known, and which version is the newest. */
  number: (number: string) => told(api.GET('/api/v1/reports/{number}', { params: { path: { number } } })),
  verify: (file: File) => {
    const form = new FormData()
    form.append('file', file)
    return told(api.POST('/api/v1/reports/verify', { body: { file: file.name }, bodySerializer: () => form }))
  },
}

interface Options {
  method?: string
  json?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

/** For addresses that the description does not name (DICOMweb): sends JSON and reads JSON. */
export async function call<T>(path: string, options: Options = {}): Promise<T> {
  const headers = new Headers({ Accept: 'application/json, application/problem+json', ...options.headers })
  const init: RequestInit = { method: options.method ?? 'GET', headers, signal: options.signal ?? null }
  if (options.json !== undefined) {
    headers.set('Content-Type', 'application/json')
    init.body = JSON.stringify(options.json)
  }
  return (await (await transport(new Request(new URL(path, window.location.origin), init))).json()) as T
}

export type Fetched = ArrayBuffer

/** Bytes, as they are. */
export async function fetched(path: string, accept: string): Promise<Fetched> {
  return (await transport(new Request(new URL(path, window.location.origin), { headers: { Accept: accept } }))).arrayBuffer()
}

export function caseAt(id: string, rest = ''): string {
  return `/api/v1/cases/${encodeURIComponent(id)}${rest}`
}
