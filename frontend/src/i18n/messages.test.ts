import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { CASE_FACTS } from '@/generated/events'
import { STATES } from '@/generated/workflow'

import type { WordTree } from './both'
import { messages } from './messages'

const SOURCE = join(import.meta.dirname, '..')

function sources(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(vue|ts)$/.test(name) && !name.endsWith('.test.ts'))
}

function find(tree: WordTree, key: string): WordTree | string | undefined {
  return key.split('.').reduce<WordTree | string | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), tree)
}

/** Keys written out in the source, as `t('a.b')`; keys with a variable in them are followed to the part before it. */
function usedKeys(): string[] {
  const literal = /\bt\(\s*'([\w.]+)'/g
  const template = /\bt\(\s*`([\w.]+)\.\$\{/g
  return sources().flatMap((name) => {
    const text = readFileSync(join(SOURCE, name), 'utf8')
    return [...text.matchAll(literal), ...text.matchAll(template)].map((match) => match[1] ?? '')
  })
}

function leaves(tree: WordTree): string[] {
  return Object.values(tree).flatMap((value) => (typeof value === 'string' ? [value] : leaves(value)))
}

describe('the words', () => {
  it('are there for every key that the pages ask for', () => {
    const missing = usedKeys().filter((key) => find(messages['zh-CN'], key) === undefined)
    expect(missing).toEqual([])
  })
  it('tell every fact of a case, and whom every live state waits for', () => {
    expect(CASE_FACTS.filter((kind) => find(messages['zh-CN'], `move.fact.${kind}`) === undefined)).toEqual([])
    const live = Object.entries(STATES).filter(([, state]) => state.live).map(([name]) => name)
    expect(live.filter((name) => find(messages['zh-CN'], `case.waits.${name}`) === undefined)).toEqual([])
  })
  it('are Chinese in Chinese and have no Chinese in English', () => {
    expect(leaves(messages.en).filter((text) => /[\u4e00-\u9fff]/.test(text))).toEqual([])
    expect(leaves(messages['zh-CN']).filter((text) => text === '')).toEqual([])
  })
})
