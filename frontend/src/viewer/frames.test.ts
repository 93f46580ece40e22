import { describe, expect, it } from 'vitest'

import { fetchFrame, FrameRefused, type Line, onlyPart } from './frames'

const TYPE = 'multipart/related; type="application/octet-stream"; boundary=edge'

function wrapped(pixels: Uint8Array, head = 'Content-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80'): Uint8Array {
  const text = new TextEncoder()
  return Uint8Array.from([...text.encode(`--edge\r\n${head}\r\n\r\n`), ...pixels, ...text.encode('\r\n--edge--\r\n')])
}

describe('a frame in its wrapping', () => {
  it('comes out byte for byte with its transfer syntax', () => {
    const pixels = Uint8Array.from([0, 13, 10, 45, 45, 255])
    expect(onlyPart(wrapped(pixels), TYPE)).toEqual({ bytes: pixels, transferSyntax: '1.2.840.10008.1.2.4.80' })
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
    expect((await fetchFrame('/f', line, live())).bytes).toEqual(Uint8Array.of(7))
    expect(line.waits).toEqual([400, 800, 1600])
    expect(line.told).toEqual([true, true, true, false])
  })

  it('is waited out however long it takes, never more than 15 s at a time', async () => {
    const line = lineOf([...Array.from({ length: 30 }, () => dropped), good])
    await fetchFrame('/f', line, live())
    expect(Math.max(...line.waits)).toBe(15_000)
  })

  it('does not make a refusal into an endless question', async () => {
    const line = lineOf([status(404)])
    await expect(fetchFrame('/f', line, live())).rejects.toEqual(new FrameRefused(404))
    expect(line.waits).toEqual([])
  })

  it('gives up on a server that keeps failing', async () => {
    const line = lineOf(Array.from({ length: 20 }, () => status(500)))
    await expect(fetchFrame('/f', line, live())).rejects.toMatchObject({ status: 500 })
    expect(line.waits).toHaveLength(7)
  })

  it('ends when the reader leaves', async () => {
    const leaving = new AbortController()
    const line = lineOf([dropped, good])
    line.rest = () => {
      leaving.abort()
      return Promise.resolve()
    }
    await expect(fetchFrame('/f', line, leaving.signal)).rejects.toMatchObject({ name: 'AbortError' })
  })
})
