import { describe, expect, it } from 'vitest'

import { Lanes } from './lanes'

/** Users of lanes that leave when the test says so. */
function users(lanes: Lanes) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const enter = (name: string, urgent = false): void => {
    void lanes.through(urgent, () => {
      begun.push(name)
      return new Promise<void>((resolve) => ends.set(name, resolve))
    })
  }
  const leave = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await new Promise((resolve) => setTimeout(resolve))
  }
  return { begun, enter, leave }
}

describe('the lanes to one host', () => {
  it('let in as many as there are, the others in the order they came', async () => {
    const { begun, enter, leave } = users(new Lanes(2))
    for (const name of ['a', 'b', 'c', 'd']) enter(name)
    expect(begun).toEqual(['a', 'b'])
    await leave('b')
    expect(begun).toEqual(['a', 'b', 'c'])
    await leave('a')
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
  })

  it('let what is urgent in at once, and nobody else in its place', async () => {
    const { begun, enter, leave } = users(new Lanes(1))
    enter('a')
    enter('b')
    enter('urgent', true)
    expect(begun).toEqual(['a', 'urgent'])
    await leave('urgent')
    expect(begun).toEqual(['a', 'urgent'])
    await leave('a')
    expect(begun).toEqual(['a', 'urgent', 'b'])
  })

  it('are free again after something failed', async () => {
    const lanes = new Lanes(1)
    await expect(lanes.through(false, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
    expect(await lanes.through(false, () => Promise.resolve('in'))).toBe('in')
  })
})
