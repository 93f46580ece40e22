/**
 * Fetches one frame, first bytes first, and keeps at it over a bad line; takes it out of its multipart wrapping
 * (PS3.18 §8.6.1.2). What has come is kept: after a drop only the missing bytes are asked for (RFC 9110 §14).
 */
import { wire } from '@/api/wire'

export interface Frame {
  bytes: Uint8Array
  transferSyntax: string
  /** False for the first bytes of a codestream: it decodes to the same image, less sharp. */
  isWhole: boolean
}

/** The server has answered, and will answer the same again. */
export class FrameRefused extends Error {
  override readonly name = 'FrameRefused'
  constructor(readonly status: number) {
    super(`frame refused: ${String(status)}`)
  }
}

export interface Line {
  /** `range` is the Range header's value; without it the whole is asked for. */
  fetch: (url: string, signal: AbortSignal, range?: string) => Promise<Response>
  /** Resolves after `ms`, or sooner when the line comes back. */
  rest: (ms: number, signal: AbortSignal) => Promise<void>
  /** Told before each wait, so that the screen can say so; told `false` when bytes flow again. */
  broken: (isBroken: boolean) => void
}

const IMPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2'
/** HTJ2K in RPCL order: its first bytes are the whole image at a lower resolution. */
const PROGRESSIVE = new Set(['1.2.840.10008.1.2.4.202'])
/** Frames that were made ready come as HTJ2K, a quarter of the bytes; until then as they are stored. */
const ACCEPT =
  'multipart/related; type="image/jphc"; transfer-syntax=1.2.840.10008.1.2.4.202, ' +
  'multipart/related; type="application/octet-stream"; transfer-syntax=*; q=0.5'
const FIRST_WAIT_MS = 400
const LONGEST_WAIT_MS = 15_000
/** Answers that may be different a moment later; a server that keeps giving them is given up after this many tries. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])
const TRIES_AT_ERRORS = 8
/** A line on which nothing moves for so long is taken for dropped: on a bad one nobody else would ever say so. */
const STALLED_MS = 12_000
const PARTIAL = 206
const BEYOND_THE_END = 416

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

interface Head {
  boundary: string
  transferSyntax: string
  /** Where the part's own bytes begin. */
  at: number
}

function headOf(body: Uint8Array, contentType: string): Head {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  if (boundary === undefined) throw new TypeError('multipart answer without a boundary')
  const open = indexOf(body, ascii.encode(`--${boundary}`), 0)
  const headEnd = indexOf(body, ascii.encode('\r\n\r\n'), open)
  if (open < 0 || headEnd < 0) throw new TypeError('multipart answer was cut off')
  const head = latin.decode(body.subarray(open, headEnd))
  const transferSyntax = /transfer-syntax="?([0-9.]+)"?/i.exec(head)?.[1] ?? IMPLICIT_LITTLE_ENDIAN
  return { boundary, transferSyntax, at: headEnd + 4 }
}

/**
 * The only part of a multipart body. The closing boundary is sought from the end, since compressed pixels may
 * by chance hold the same bytes. Throws when the body was cut off.
 */
export function onlyPart(body: Uint8Array, contentType: string): Frame {
  const { boundary, transferSyntax, at } = headOf(body, contentType)
  const close = lastIndexOf(body, ascii.encode(`\r\n--${boundary}`))
  if (close < at) throw new TypeError('multipart answer was cut off')
  return { bytes: body.slice(at, close), transferSyntax, isWhole: true }
}

/** True when it makes sense to ask again: no answer at all for ever, a passing error a bounded number of times. */
function mayPass(reason: unknown, tries: number): boolean {
  if (!(reason instanceof FrameRefused)) return true
  return PASSING.has(reason.status) && tries < TRIES_AT_ERRORS
}

/** Where a partial answer begins and how long the whole is; undefined when it does not say so. */
function rangeOf(response: Response): { start: number; total: number } | undefined {
  const told = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  return told === null ? undefined : { start: Number(told[1]), total: Number(told[2]) }
}

/** A frame on its way: what has come of its body is kept between questions. Throws FrameRefused or AbortError. */
export class ComingFrame {
  private pieces: Uint8Array[] = []
  private have = 0
  private total: number | undefined
  private etag: string | null = null
  private contentType = ''
  private whole: Frame | undefined
  /** One question after the other: two at once would both append. */
  private turn: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly url: string,
    private readonly line: Line,
    private readonly stalledMs: number = STALLED_MS,
  ) {}

  /** The first `enough` bytes where the codestream can be shown from them, else the whole frame. */
  first(enough: number, signal: AbortSignal): Promise<Frame> {
    return this.inTurn(async () => {
      await this.fill(enough, signal)
      return this.whole ?? this.partial() ?? this.rest(signal)
    })
  }

  /** The whole frame; only what is missing is asked for. */
  all(signal: AbortSignal): Promise<Frame> {
    return this.inTurn(() => this.rest(signal))
  }

  private inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const answer = this.turn.then(ask)
    this.turn = answer.catch(() => undefined)
    return answer
  }

  private async rest(signal: AbortSignal): Promise<Frame> {
    await this.fill(Infinity, signal)
    if (this.whole === undefined) throw new TypeError('the frame is not whole')
    return this.whole
  }

  private partial(): Frame | undefined {
    const body = this.joined()
    const { transferSyntax, at } = headOf(body, this.contentType)
    return PROGRESSIVE.has(transferSyntax) ? { bytes: body.slice(at), transferSyntax, isWhole: false } : undefined
  }

  private joined(): Uint8Array {
    const body = new Uint8Array(this.have)
    let at = 0
    for (const piece of this.pieces) {
      body.set(piece, at)
      at += piece.length
    }
    this.pieces = [body]
    return body
  }

  private forget(): void {
    this.pieces = []
    this.have = 0
    this.total = undefined
    this.etag = null
  }

  /** Waits a dropped line out with growing pauses until the signal aborts. */
  private async fill(upTo: number, signal: AbortSignal): Promise<void> {
    for (let tries = 1; this.whole === undefined && this.have < upTo; tries++) {
      const before = this.have
      try {
        await this.ask(upTo, signal)
        if (this.have === this.total) this.finish()
        if (tries > 1) this.line.broken(false)
      } catch (reason) {
        signal.throwIfAborted()
        if (this.have > before) tries = 1
        if (!mayPass(reason, tries)) throw reason
        this.line.broken(true)
        await this.line.rest(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1)), signal)
        signal.throwIfAborted()
      }
    }
  }

  private finish(): void {
    try {
      this.whole = onlyPart(this.joined(), this.contentType)
    } finally {
      this.forget()
    }
  }

  private async ask(upTo: number, signal: AbortSignal): Promise<void> {
    const stalled = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const moved = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => { stalled.abort(new TypeError('nothing moves')) }, this.stalledMs)
    }
    moved()
    try {
      await this.receive(upTo, AbortSignal.any([signal, stalled.signal]), moved)
    } finally {
      clearTimeout(timer)
    }
  }

  private async receive(upTo: number, signal: AbortSignal, moved: () => void): Promise<void> {
    const last = upTo === Infinity ? '' : String(upTo - 1)
    const range = this.have === 0 && last === '' ? undefined : `bytes=${String(this.have)}-${last}`
    const response = await this.line.fetch(this.url, signal, range)
    if (response.status === BEYOND_THE_END) {
      this.forget()
      throw new TypeError('the frame became shorter')
    }
    if (!response.ok) throw new FrameRefused(response.status)
    if (response.status === PARTIAL) this.join(response)
    else this.forget()
    this.etag = response.headers.get('etag')
    this.contentType = response.headers.get('content-type') ?? ''
    await this.take(response, moved)
    if (response.status !== PARTIAL) this.total = this.have
    else if (this.have < Math.min(upTo, this.total ?? upTo)) throw new TypeError('the answer was cut off')
  }

  /** What was made ready meanwhile is another body: two halves of different ones would be a wrong image. */
  private join(response: Response): void {
    const told = rangeOf(response)
    const isSame = this.etag !== null ? response.headers.get('etag') === this.etag : told?.total === this.total
    if (told === undefined || told.start !== this.have || (this.have > 0 && !isSame)) {
      this.forget()
      throw new TypeError('the frame changed on its way')
    }
    this.total = told.total
  }

  private async take(response: Response, moved: () => void): Promise<void> {
    const reader = response.body?.getReader()
    for (;;) {
      const read = await reader?.read()
      moved()
      if (read?.value === undefined) return
      this.pieces.push(read.value)
      this.have += read.value.length
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
export function browserLine(broken: (isBroken: boolean) => void, priority: RequestPriority = 'auto'): Line {
  return {
    async fetch(url, signal, range) {
      const headers = { Accept: ACCEPT, ...(range === undefined ? {} : { Range: range }) }
      const response = await fetch(url, { signal, headers, priority, credentials: 'same-origin' })
      if (response.status === 401) wire.signedOut()
      return response
    },
    rest,
    broken,
  }
}
