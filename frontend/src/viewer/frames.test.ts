import { describe, expect, it } from 'vitest'

import { ComingFrame, FrameRefused, type Line, onlyPart } from './frames'

const TYPE = 'multipart/related; type="application/octet-stream"; boundary=edge'

function wrapped(pixels: Uint8Array, head = 'Content-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80'): Uint8Array {
  const text = new TextEncoder()
  return Uint8Array.from([...text.encode(`--edge\r\n${head}\r\n\r\n`), ...pixels, ...text.encode('\r\n--edge--\r\n')])
}

describe('a frame in its wrapping', () => {
  it('comes out byte for byte with its transfer syntax', () => {
    const pixels = Uint8Array.from([0, 13, 10, 45, 45, 255])
    expect(onlyPart(wrapped(pixels), TYPE)).toEqual({ bytes: pixels, transferSyntax: '1.2.840.10008.1.2.4.80', isWhole: true })
  })

  it('may hold the boundary by chance', () => {
    const pixels = new TextEncoder().encode('ab\r\n--edgecd')
    expect(onlyPart(wrapped(pixels), TYPE).bytes).toEqual(pixels)
  })

  it('is implicit little endian when the server does not say', () => {
    expect(onlyPart(wrapped(Uint8Array.of(1), 'Content-Type: application/octet-stream'), TYPE).transferSyntax).toBe('1.2.840.10008.1.2')
  })

  it('is not taken for whole when the line dropped in the middle', () => {
    const body = wrapped(Uint8Array.of(1, 2, 3, 4))
    expect(() => onlyPart(body.subarray(0, body.length - 12), TYPE)).toThrow('cut off')
  })
})

function lineOf(answers: (() => Response | Error)[]): Line & { waits: number[]; told: boolean[] } {
  const waits: number[] = []
  const told: boolean[] = []
  return {
    waits,
    told,
    fetch() {
      const answer = answers.shift()?.() ?? new TypeError('no more answers')
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    },
    rest(ms) {
      waits.push(ms)
      return Promise.resolve()
    },
    broken(isBroken) {
      told.push(isBroken)
    },
  }
}

const good = (): Response => new Response(wrapped(Uint8Array.of(7)).slice().buffer, { headers: { 'content-type': TYPE } })
const dropped = (): Error => new TypeError('network')
const status = (code: number) => (): Response => new Response('', { status: code })
const live = (): AbortSignal => new AbortController().signal

describe('a bad line', () => {
  it('is waited out with growing pauses, and told', async () => {
    const line = lineOf([dropped, dropped, status(503), good])
    expect((await new ComingFrame('/f', line).all(live())).bytes).toEqual(Uint8Array.of(7))
    expect(line.waits).toEqual([400, 800, 1600])
    expect(line.told).toEqual([true, true, true, false])
  })

  it('is waited out however long it takes, never more than 15 s at a time', async () => {
    const line = lineOf([...Array.from({ length: 30 }, () => dropped), good])
    await new ComingFrame('/f', line).all(live())
    expect(Math.max(...line.waits)).toBe(15_000)
  })

  it('does not make a refusal into an endless question', async () => {
    const line = lineOf([status(404)])
    await expect(new ComingFrame('/f', line).all(live())).rejects.toEqual(new FrameRefused(404))
    expect(line.waits).toEqual([])
  })

  it('gives up on a server that keeps failing', async () => {
    const line = lineOf(Array.from({ length: 20 }, () => status(500)))
    await expect(new ComingFrame('/f', line).all(live())).rejects.toMatchObject({ status: 500 })
    expect(line.waits).toHaveLength(7)
  })

  it('ends when the reader leaves', async () => {
    const leaving = new AbortController()
    const line = lineOf([dropped, good])
    line.rest = () => {
      leaving.abort()
      return Promise.resolve()
    }
    await expect(new ComingFrame('/f', line).all(leaving.signal)).rejects.toMatchObject({ name: 'AbortError' })
  })
})

/** A server that gives what is asked for of `body`, and drops the line after as many bytes as `drops` says. */
function server(body: Uint8Array, drops: number[] = [], ranges = true): Line & { asked: (string | undefined)[]; body: Uint8Array } {
  const made = {
    asked: [] as (string | undefined)[],
    body,
    fetch(_url: string, _signal: AbortSignal, range?: string) {
      made.asked.push(range)
      const [, first = '0', last = ''] = /bytes=(\d+)-(\d*)/.exec(ranges ? (range ?? '') : '') ?? []
      const part = made.body.slice(Number(first), last === '' ? undefined : Number(last) + 1)
      const drop = drops.shift() ?? Infinity
      let at = 0
      const stream = new ReadableStream<Uint8Array>({
        pull(control) {
          if (at >= drop) control.error(new TypeError('network'))
          else if (at >= part.length) control.close()
          else control.enqueue(part.slice(at, (at += 7)))
        },
      })
      const isPart = ranges && range !== undefined
      const told = { 'content-type': TYPE, etag: `"${String(made.body.length)}"`, 'content-range': `bytes ${first}-${String(Number(first) + part.length - 1)}/${String(made.body.length)}` }
      return Promise.resolve(new Response(stream, { status: isPart ? 206 : 200, headers: isPart ? told : { 'content-type': TYPE, etag: told.etag } }))
    },
    rest: () => Promise.resolve(),
    broken: () => undefined,
  }
  return made
}

const pixels = Uint8Array.from({ length: 300 }, (_, index) => index % 251)
const htj2k = wrapped(pixels, 'Content-Type: image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202')
const native = wrapped(pixels, 'Content-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1')

describe('a frame in two steps', () => {
  it('gives the first bytes of a codestream, and later the rest without asking for them again', async () => {
    const line = server(htj2k)
    const frame = new ComingFrame('/f', line)
    const first = await frame.first(200, live())
    expect(first).toMatchObject({ isWhole: false, transferSyntax: '1.2.840.10008.1.2.4.202' })
    expect(first.bytes).toEqual(pixels.slice(0, first.bytes.length))
    expect(await frame.all(live())).toMatchObject({ bytes: pixels, isWhole: true })
    expect(line.asked).toEqual(['bytes=0-199', 'bytes=200-'])
  })

  it('is whole at once where the first bytes show nothing, or where they are all', async () => {
    expect(await new ComingFrame('/f', server(native)).first(200, live())).toMatchObject({ bytes: pixels, isWhole: true })
    const small = server(htj2k)
    expect(await new ComingFrame('/f', small).first(10_000, live())).toMatchObject({ bytes: pixels, isWhole: true })
    expect(small.asked).toHaveLength(1)
  })

  it('is whole at once from a server that knows no ranges', async () => {
    const line = server(native, [], false)
    expect(await new ComingFrame('/f', line).first(200, live())).toMatchObject({ bytes: pixels, isWhole: true })
    expect(line.asked).toHaveLength(1)
  })

  it('goes on after a drop where it was', async () => {
    const line = server(htj2k, [Infinity, 70, 35])
    const frame = new ComingFrame('/f', line)
    await frame.first(200, live())
    expect((await frame.all(live())).bytes).toEqual(pixels)
    expect(line.asked).toEqual(['bytes=0-199', 'bytes=200-', 'bytes=270-', 'bytes=305-'])
  })

  it('goes on after a drop of a whole answer where that can be proved to be the same', async () => {
    const line = server(htj2k, [70])
    expect((await new ComingFrame('/f', line).all(live())).bytes).toEqual(pixels)
    expect(line.asked).toEqual([undefined, 'bytes=70-'])
  })

  it('never joins two halves of different bodies: what was stored, and what was made ready meanwhile', async () => {
    const line = server(htj2k)
    const frame = new ComingFrame('/f', line)
    await frame.first(200, live())
    const other = pixels.map((value) => 255 - value)
    line.body = wrapped(other, 'Content-Type: image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202; q=1')
    expect((await frame.all(live())).bytes).toEqual(other)
  })

  it('answers who asks meanwhile without asking twice', async () => {
    const line = server(htj2k)
    const frame = new ComingFrame('/f', line)
    const both = await Promise.all([frame.first(200, live()), frame.all(live()), frame.all(live())])
    expect(both.map(({ isWhole }) => isWhole)).toEqual([false, true, true])
    expect(line.asked).toEqual(['bytes=0-199', 'bytes=200-'])
  })

  it('takes a line on which nothing moves for a dropped one', async () => {
    const line = server(htj2k)
    const answer = line.fetch.bind(line)
    let tries = 0
    line.fetch = (url, signal, range) => {
      tries += 1
      if (tries > 1) return answer(url, signal, range)
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => { reject(signal.reason as Error) })
      })
    }
    expect((await new ComingFrame('/f', line, 5).all(live())).bytes).toEqual(pixels)
    expect(tries).toBe(2)
  })
})
