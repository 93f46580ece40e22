import { describe, expect, it } from 'vitest'

import { words as report } from '@/report/words'

import { words as viewer } from './words'

const sources = import.meta.glob(['./*.{ts,vue}', '../report/*.{ts,vue}'], { query: '?raw', import: 'default', eager: true })
const ASKED = /['"`](viewer|report)\.([A-Za-z][\w.]*)['"`]/g

function found(feature: string, path: string): unknown {
  const tree: unknown = feature === 'viewer' ? viewer['zh-CN'] : report['zh-CN']
  return path.split('.').reduce<unknown>((branch, key) => (branch as Record<string, unknown> | undefined)?.[key], tree)
}

describe('words', () => {
  it('that a page asks for exist', () => {
    const asked = Object.values(sources).flatMap((source) => [...String(source).matchAll(ASKED)])
    expect(asked.length).toBeGreaterThan(100)
    expect(asked.filter(([, feature = '', path = '']) => typeof found(feature, path) !== 'string').map(([whole]) => whole)).toEqual([])
  })
})
