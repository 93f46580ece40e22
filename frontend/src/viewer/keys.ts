/** One table of keys for the reading workplace: what they do, and the map that `?` shows. */

import type { Kind } from './marks'

/** `say` is a key of words.ts; rows without an action are only explained (mouse). */
export interface KeyRow {
  keys: string[]
  action: Action | undefined
  say: string
}

export type Action =
  | 'previous'
  | 'next'
  | 'back10'
  | 'on10'
  | 'first'
  | 'last'
  | 'seriesBefore'
  | 'seriesAfter'
  | 'scroll'
  | 'window'
  | 'zoom'
  | 'pan'
  | Kind
  | 'undo'
  | 'redo'
  | 'invert'
  | 'reset'
  | 'key'
  | 'prior'
  | 'insert'
  | 'remove'
  | 'overlay'
  | 'point'
  | 'layout'
  | 'planes'
  | 'sibling'
  | 'only'
  | 'report'
  | 'write'
  | 'help'

export const KEY_ROWS: KeyRow[] = [
  { keys: ['ArrowUp'], action: 'previous', say: 'keys.scroll' },
  { keys: ['ArrowDown'], action: 'next', say: 'keys.scroll' },
  { keys: ['PageUp'], action: 'back10', say: 'keys.page' },
  { keys: ['PageDown'], action: 'on10', say: 'keys.page' },
  { keys: ['Home'], action: 'first', say: 'keys.ends' },
  { keys: ['End'], action: 'last', say: 'keys.ends' },
  { keys: ['ArrowLeft'], action: 'seriesBefore', say: 'keys.series' },
  { keys: ['ArrowRight'], action: 'seriesAfter', say: 'keys.series' },
  { keys: ['s'], action: 'scroll', say: 'tool.scroll' },
  { keys: ['w'], action: 'window', say: 'tool.window' },
  { keys: ['z'], action: 'zoom', say: 'tool.zoom' },
  { keys: ['v'], action: 'pan', say: 'tool.pan' },
  { keys: ['l'], action: 'length', say: 'tool.length' },
  { keys: ['a'], action: 'angle', say: 'tool.angle' },
  { keys: ['d'], action: 'cobb', say: 'tool.cobb' },
  { keys: ['b'], action: 'bidirectional', say: 'tool.bidirectional' },
  { keys: ['q'], action: 'ellipse', say: 'tool.ellipse' },
  { keys: ['h'], action: 'rectangle', say: 'tool.rectangle' },
  { keys: ['x'], action: 'probe', say: 'tool.probe' },
  { keys: ['u'], action: 'undo', say: 'tool.undo' },
  { keys: ['j'], action: 'redo', say: 'tool.redo' },
  { keys: ['i'], action: 'invert', say: 'tool.invert' },
  { keys: ['r'], action: 'reset', say: 'tool.reset' },
  { keys: ['k'], action: 'key', say: 'tool.key' },
  { keys: ['p'], action: 'prior', say: 'tool.prior' },
  { keys: ['m'], action: 'insert', say: 'keys.insert' },
  { keys: ['Delete', 'Backspace'], action: 'remove', say: 'keys.remove' },
  { keys: ['o'], action: 'overlay', say: 'keys.overlay' },
  { keys: ['c'], action: 'point', say: 'tool.point' },
  { keys: ['g'], action: 'layout', say: 'keys.layout' },
  { keys: ['y'], action: 'planes', say: 'keys.planes' },
  { keys: ['t'], action: 'sibling', say: 'keys.sibling' },
  { keys: ['f'], action: 'only', say: 'keys.only' },
  { keys: ['e'], action: 'report', say: 'keys.report' },
  { keys: ['Enter'], action: 'write', say: 'keys.write' },
  { keys: ['?'], action: 'help', say: 'keys.help' },
]

/** The key as it is printed on the button and in the map. */
export function keyOf(action: Action): string {
  const key = KEY_ROWS.find((row) => row.action === action)?.keys[0] ?? ''
  return KEY_NAMES[key] ?? key.toUpperCase()
}

export const KEY_NAMES: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Delete: 'Del',
  Backspace: '⌫',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  Home: 'Home',
  End: 'End',
  Enter: 'Enter',
}

/** Keys typed into a field, or with a modifier, belong to the field or the browser. */
export function actionOf(event: KeyboardEvent): Action | { preset: number } | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return undefined
  if (/^[1-9]$/.test(event.key)) return { preset: Number(event.key) - 1 }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const row = KEY_ROWS.find((known) => known.keys.includes(key))
  if (key === 'Enter' && isControl(event.target)) return undefined
  return row?.action
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
}

/** Enter on a focused button or link presses it. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && ['BUTTON', 'A', 'SUMMARY'].includes(target.tagName)
}
