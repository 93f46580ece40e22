import { describe, expect, it } from 'vitest'

import { outwards, Prefetch } from './prefetch'

/** A loader whose loads end when the test says so. */
function slow() {
  const asked: number[] = []
  const ends = new Map<number, { ok: () => void; fail: () => void }>()
  const load = (index: number): Promise<boolean> => {
    asked.push(index)
    return new Promise((resolve, reject) => ends.set(index, { ok: () => { resolve(true) }, fail: () => { reject(new Error('refused')) } }))
  }
  const end = async (index: number, how: 'ok' | 'fail' = 'ok'): Promise<void> => {
    ends.get(index)?.[how]()
    await new Promise((resolve) => setTimeout(resolve))
  }
  return { asked, load, end }
}

describe('prefetch', () => {
  it('goes from where the reader looks outwards, to both ends', () => {
    expect(outwards(2, 5)).toEqual([2, 3, 1, 4, 0])
    expect(outwards(0, 3)).toEqual([0, 1, 2])
  })

  it('keeps a few requests in flight and follows the reader', async () => {
    const { asked, load, end } = slow()
    const prefetch = new Prefetch(100, [load], 100, 2)
    prefetch.focus(10)
    expect(asked).toEqual([10, 11])
    prefetch.focus(50)
    await end(10)
    await end(11)
    expect(asked).toEqual([10, 11, 50, 51])
  })

  it('does not fetch more than fits, nor what it has', async () => {
    const { asked, load, end } = slow()
    const prefetch = new Prefetch(100, [load], 3, 10)
    prefetch.focus(10)
    expect(asked).toEqual([10, 11, 9])
    await end(10)
    prefetch.focus(11)
    expect(asked).toEqual([10, 11, 9, 12])
  })

  it('fetches again what had to leave the memory', async () => {
    const { asked, load, end } = slow()
    const prefetch = new Prefetch(1, [load])
    prefetch.focus(0)
    await end(0)
    prefetch.forget(0)
    prefetch.focus(0)
    expect(asked).toEqual([0, 0])
  })

  it('goes on past a refused frame, and asks for it again only when told', async () => {
    const { asked, load, end } = slow()
    const prefetch = new Prefetch(2, [load], 2, 1)
    prefetch.focus(0)
    await end(0, 'fail')
    await end(1)
    expect(asked).toEqual([0, 1])
    prefetch.retry()
    expect(asked).toEqual([0, 1, 0])
  })

  it('leaves the line to the series in view, and goes on when the reader comes back', async () => {
    const { asked, load, end } = slow()
    const prefetch = new Prefetch(5, [load], 5, 1)
    prefetch.focus(0)
    prefetch.pause()
    await end(0)
    expect(asked).toEqual([0])
    prefetch.focus(0)
    expect(asked).toEqual([0, 1])
  })

  it('stops with the series', async () => {
    const { asked, load, end } = slow()
    const prefetch = new Prefetch(5, [load], 5, 1)
    prefetch.focus(0)
    prefetch.stop()
    await end(0)
    expect(asked).toEqual([0])
  })

  it('shows every slice roughly before it loads any of them whole, and skips what came whole at once', async () => {
    const asked: string[] = []
    const step = (name: string, whole: number[]) => (index: number) => {
      asked.push(`${name}${String(index)}`)
      return Promise.resolve(whole.includes(index))
    }
    new Prefetch(3, [step('rough ', [2]), step('whole ', [0, 1, 2])], 3, 1).focus(1)
    await new Promise((resolve) => setTimeout(resolve))
    expect(asked).toEqual(['rough 1', 'rough 2', 'rough 0', 'whole 1', 'whole 0'])
  })
})
