/** Finds the next place in a report that is still to be filled in: a template's placeholder or an empty section. */
import { type ReportText, type Section, SECTIONS } from './text'

const BLANK = /_{2,}|＿{2,}|[×xX]{2,}|\[\s*\]|［\s*］|【\s*】|（\s*）|\(\s*\)|[［[【（(]?左[/／、]右[］\]】）)]?|有[/／]无|增[/／]减/g

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
