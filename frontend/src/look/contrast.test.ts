import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

const CSS = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8')

function tokens(selector: string): Map<string, string> {
  const start = CSS.indexOf(`${selector} {`)
  const block = CSS.slice(start, CSS.indexOf('\n}', start))
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1] ?? '', match[2] ?? '']))
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

const TEXT_ON_GROUND: [text: string, grounds: string[]][] = [
  ['ink', ['ground', 'surface', 'sunken']],
  ['ink-2', ['ground', 'surface', 'sunken', 'quiet-soft', 'warn-soft', 'accent-soft']],
  ['ink-3', ['ground', 'surface', 'sunken']],
  ['accent', ['ground', 'surface', 'accent-soft']],
  ['accent-strong', ['surface', 'accent-soft']],
  ['alarm', ['ground', 'surface', 'alarm-soft']],
  ['warn', ['ground', 'surface', 'warn-soft']],
  ['good', ['ground', 'surface', 'good-soft']],
  ['quiet', ['surface', 'quiet-soft']],
  ['plan', ['surface', 'plan-soft']],
  ['ink-on-fill', ['accent', 'accent-strong', 'alarm']],
]

describe.each([':root', "[data-room='reading']"])('the colours of %s', (room) => {
  const all = tokens(room)
  it.each(TEXT_ON_GROUND)('%s can be read on its grounds (WCAG AA, 4.5 : 1)', (text, grounds) => {
    const low = grounds.filter((ground) => contrast(all.get(text) ?? '#000000', all.get(ground) ?? '#000000') < 4.5)
    expect(low).toEqual([])
  })
  it('shows the focus on every ground (3 : 1)', () => {
    for (const ground of ['ground', 'surface', 'accent-soft']) {
      expect(contrast(all.get('focus') ?? '#000000', all.get(ground) ?? '#000000')).toBeGreaterThan(3)
    }
  })
})
