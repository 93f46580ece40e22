import { describe, expect, it } from 'vitest'

import { actionOf, KEY_ROWS, keyOf } from './keys'
import { stepsOf } from './paging'

function press(key: string, on: HTMLElement = document.body, more: KeyboardEventInit = {}) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, ...more })
  on.dispatchEvent(event)
  return actionOf(event)
}

describe('keys', () => {
  it('do one thing each', () => {
    const keys = KEY_ROWS.flatMap((row) => row.keys)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys.some((key) => /^[1-9]$/.test(key))).toBe(false)
  })

  it('work in either case, and the number keys choose a window', () => {
    expect([press('w'), press('W'), press('3'), press('?')]).toEqual(['window', 'window', { preset: 2 }, 'help'])
  })

  it('belong to the field that is typed into', () => {
    const field = document.createElement('textarea')
    document.body.append(field)
    expect([press('w', field), press('1', field), press('Delete', field)]).toEqual([undefined, undefined, undefined])
  })

  it('belong to the browser with a modifier, and Enter to the button it is on', () => {
    const button = document.createElement('button')
    document.body.append(button)
    expect([press('r', document.body, { ctrlKey: true }), press('Enter', button), press('Enter')]).toEqual([undefined, undefined, 'write'])
  })

  it('are named as they are printed', () => {
    expect([keyOf('length'), keyOf('previous')]).toEqual(['L', '↑'])
  })
})

describe('the wheel', () => {
  it('turns one slice a notch, however fast the notch', () => {
    expect([stepsOf(0, 120, 0).steps, stepsOf(0, -360, 0).steps, stepsOf(0, 3, 1).steps]).toEqual([1, -1, 1])
  })

  it('adds up the small strokes of a touch pad', () => {
    let left = 0
    let turned = 0
    for (let stroke = 0; stroke < 10; stroke++) {
      const step = stepsOf(left, 12, 0)
      left = step.left
      turned += step.steps
    }
    expect([turned, left]).toEqual([3, 0])
  })
})
