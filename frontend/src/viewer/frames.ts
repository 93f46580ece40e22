/** Fetches one frame and keeps at it over a bad line; takes it out of its multipart wrapping (PS3.18 §8.6.1.2). */
import { wire } from '@/api/wire'

export interface Frame {
  bytes: Uint8Array
  transferSyntax: string
}

/** The server has answered, and will answer the same again. */
export class FrameRefused extends Error {
  override readonly name = 'FrameRefused'
  constructor(readonly status: number) {
    super(`frame refused: ${String(status)}`)
  }
}

export interface Line {
  fetch: (url: string, signal: AbortSignal) => Promise<Response>
  /** Resolves after `ms`, or sooner when the line comes back. */
  rest: (ms: number, signal: AbortSignal) => Promise<void>
  /** Told before each wait, so that the screen can say so; told `false` when bytes flow again. */
  broken: (isBroken: boolean) => void
}

const IMPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2'
/** Frames that were made ready come as HTJ2K, a quarter of the bytes; until then as they are stored. */
const ACCEPT =
  'multipart/related; type="image/jphc"; transfer-syntax=1.2.840.10008.1.2.4.202, ' +
  'multipart/related; type="application/octet-stream"; transfer-syntax=*; q=0.5'
const FIRST_WAIT_MS = 400
const LONGEST_WAIT_MS = 15_000
/** Answers that may be different a moment later; a server that keeps giving them is given up after this many tries. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])
const TRIES_AT_ERRORS = 8

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  outer: for (let start = from; start <= bytes.length - wanted.length; start++) {
    for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) continue outer
    return start
  }
  return -1
}

function lastIndexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let start = bytes.length - wanted.length; start >= 0; start--) {
    if (indexOf(bytes.subarray(start, start + wanted.length), wanted, 0) === 0) return start
  }
  return -1
}

const latin = new TextDecoder('latin1')
const ascii = new TextEncoder()

/**
 * The only part of a multipart body. The closing boundary is sought from the end, since compressed pixels may
 * by chance hold the same bytes. Throws when the body was cut off.
 */
export function onlyPart(body: Uint8Array, contentType: string): Frame {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  if (boundary === undefined) throw new TypeError('multipart answer without a boundary')
  const open = indexOf(body, ascii.encode(`--${boundary}`), 0)
  const headEnd = indexOf(body, ascii.encode('\r\n\r\n'), open)
  const close = lastIndexOf(body, ascii.encode(`\r\n--${boundary}`))
  if (open < 0 || headEnd < 0 || close < headEnd + 4) throw new TypeError('multipart answer was cut off')
  const head = latin.decode(body.subarray(open, headEnd))
  const transferSyntax = /transfer-syntax="?([0-9.]+)"?/i.exec(head)?.[1] ?? IMPLICIT_LITTLE_ENDIAN
  return { bytes: body.slice(headEnd + 4, close), transferSyntax }
}

async function attempt(url: string, line: Line, signal: AbortSignal): Promise<Frame> {
  const response = await line.fetch(url, signal)
  if (!response.ok) throw new FrameRefused(response.status)
  return onlyPart(new Uint8Array(await response.arrayBuffer()), response.headers.get('content-type') ?? '')
}

/** True when it makes sense to ask again: no answer at all for ever, a passing error a bounded number of times. */
function mayPass(reason: unknown, tries: number): boolean {
  if (!(reason instanceof FrameRefused)) return true
  return PASSING.has(reason.status) && tries < TRIES_AT_ERRORS
}

/**
 * Bytes of one frame. A dropped line is waited out with growing pauses until the signal aborts.
 * Throws FrameRefused for an answer that will not change, AbortError when aborted.
 */
export async function fetchFrame(url: string, line: Line, signal: AbortSignal): Promise<Frame> {
  for (let tries = 1; ; tries++) {
    try {
      const frame = await attempt(url, line, signal)
      if (tries > 1) line.broken(false)
      return frame
    } catch (reason) {
      signal.throwIfAborted()
      if (!mayPass(reason, tries)) throw reason
      line.broken(true)
      await line.rest(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1)), signal)
      signal.throwIfAborted()
    }
  }
}

/** Ends early when the browser says that the network is back, or when the signal aborts. */
function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      window.removeEventListener('online', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    window.addEventListener('online', done)
    signal.addEventListener('abort', done)
  })
}

/** The browser's own line. A lapsed session is told to the shell, since no retry can help. */
export function browserLine(broken: (isBroken: boolean) => void): Line {
  return {
    async fetch(url, signal) {
      const response = await fetch(url, { signal, headers: { Accept: ACCEPT }, credentials: 'same-origin' })
      if (response.status === 401) wire.signedOut()
      return response
    },
    rest,
    broken,
  }
}
