/** The one way to the server: language, CSRF token, and every failure as a Problem. */
import { offline, problemOf } from './problem'
import type { Language } from './types'

interface Wire {
  csrf: string
  language: Language
  /** Told when a call that needed a session met 401. */
  signedOut: () => void
  /** Server time minus this machine's time in ms; 0 where they agree within the Date header's resolution. */
  skewMs: number
}

export const wire: Wire = { csrf: '', language: 'zh-CN', signedOut: () => undefined, skewMs: 0 }

const SAFE = new Set(['GET', 'HEAD'])
/** Two clocks that differ by less than this cannot be told apart by a header with whole seconds. */
const SKEW_WORTH_CORRECTING_MS = 2000
/** Calls that ask whether there is a session: their 401 is an answer, not an end. */
const ANSWERS_401 = ['/api/v1/session', '/api/v1/reports/verify']

function noteServerTime(response: Response): void {
  const difference = Date.parse(response.headers.get('date') ?? '') - Date.now()
  if (!Number.isNaN(difference)) wire.skewMs = Math.abs(difference) > SKEW_WORTH_CORRECTING_MS ? difference : 0
}

function isAbort(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'AbortError'
}

/** A fetch for openapi-fetch. Throws Problem for every status ≥ 400 and when no answer comes; an abort passes as it is. */
export async function transport(request: Request): Promise<Response> {
  request.headers.set('Accept-Language', wire.language)
  if (!SAFE.has(request.method) && wire.csrf !== '') request.headers.set('X-CSRF-Token', wire.csrf)
  let response: Response
  try {
    response = await fetch(request, { credentials: 'same-origin' })
  } catch (reason) {
    if (isAbort(reason)) throw reason
    throw offline()
  }
  noteServerTime(response)
  if (response.ok) return response
  if (response.status === 401 && !ANSWERS_401.includes(new URL(request.url).pathname)) wire.signedOut()
  throw await problemOf(response)
}

/** A fresh Idempotency-Key: make it once per intention, so that a repeated click is one effect. */
export function newKey(): string {
  return crypto.randomUUID()
}

/** The strong ETag of a version, as If-Match wants it. */
export function etagOf(version: number): string {
  return `"${String(version)}"`
}
