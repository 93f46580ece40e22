/** What operators and auditors ask the server. Each throws Problem when it cannot be answered. */
import { api, type Schema, type Told, told } from '@/api/client'

export type Refused = Told<Schema['RefusedOut']>
export type Verification = Told<Schema['VerificationOut']>
export type AuditRow = Told<Schema['AuditRowOut']>

export interface AuditAsked {
  person: string
  case: string
  study: string
  since: string | null
  until: string | null
}

function onNumber(number: number) {
  return { params: { path: { number } } }
}

export const quarantine = {
  page: (settled: boolean, before?: number) =>
    told(api.GET('/api/v1/quarantine', { params: { query: { settled, ...(before === undefined ? {} : { before }) } } })),
  file: (number: number) => `/api/v1/quarantine/${String(number)}/file`,
  retry: (number: number, charset: string | null) => told(api.POST('/api/v1/quarantine/{number}/retry', { ...onNumber(number), body: { charset } })),
  dismiss: (number: number, reason: string) => api.POST('/api/v1/quarantine/{number}/dismiss', { ...onNumber(number), body: { reason } }),
}

function said(asked: AuditAsked): Record<string, string> {
  return Object.fromEntries(Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== ''))
}

export const audit = {
  page: (asked: AuditAsked, before?: number) =>
    told(api.GET('/api/v1/audit', { params: { query: { ...said(asked), ...(before === undefined ? {} : { before }) } } })),
  csv: (asked: AuditAsked) => `/api/v1/audit.csv?${new URLSearchParams(said(asked)).toString()}`,
}

export const verification = () => told(api.GET('/api/v1/verification'))
