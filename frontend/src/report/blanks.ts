/** Finds the next place in a report that is still to be filled in: a template's placeholder or an empty section. */
import { type ReportText, type Section, SECTIONS } from './text'

const BLANK = /\{[^}\n]*\}|_{2,}|＿{2,}|[×xX]{2,}|\[\s*\]|［\s*］|【\s*】|（\s*）|\(\s*\)|[［[【（(]?左[/／、]右[］\]】）)]?|有[/／]无|增[/／]减/g

export interface Blank {
  section: Section
  start: number
  end: number
}

function blanksOf(text: ReportText, required: readonly Section[]): Blank[] {
  return SECTIONS.flatMap((section) => {
    const found = [...text[section].matchAll(BLANK)].map((match) => ({ section, start: match.index, end: match.index + match[0].length }))
    return found.length === 0 && required.includes(section) && text[section].trim() === '' ? [{ section, start: 0, end: 0 }] : found
  })
}

/** The first blank after the cursor, round from the beginning; undefined when nothing is left to fill in. */
export function nextBlank(text: ReportText, required: readonly Section[], from: { section: Section; at: number }): Blank | undefined {
  const all = blanksOf(text, required)
  const order = (section: Section, at: number): number => SECTIONS.indexOf(section) * 1_000_000 + at
  const here = order(from.section, from.at)
  return all.find((blank) => order(blank.section, blank.start) > here) ?? all[0]
}

/** A choice or blank of a phrase, `{a|b}` or `{}`, that the selection lies in; a blank has no options. */
export interface Choice {
  start: number
  end: number
  options: string[]
}

export function choiceAt(text: string, start: number, end: number): Choice | undefined {
  const found = [...text.matchAll(/\{([^}\n]*)\}/g)].find((match) => match.index < Math.max(end, start + 1) && start < match.index + match[0].length)
  if (found === undefined) return undefined
  return { start: found.index, end: found.index + found[0].length, options: (found[1] ?? '').split('|').filter((option) => option !== '') }
}

/** The shortcut that is written before the cursor, as in “；肺结节”, and where it begins. */
export function shortcutBefore(text: string, at: number): { start: number; shortcut: string } | undefined {
  const match = /[;；]([0-9A-Za-z\u4e00-\u9fff]{1,16})$/.exec(text.slice(0, at))
  return match === null ? undefined : { start: match.index, shortcut: match[1] ?? '' }
}
