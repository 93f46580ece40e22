/** What a report is made of, as this page and the server exchange it. */

export const SECTIONS = ['technique', 'comparison', 'findings', 'impression', 'recommendation'] as const
export type Section = (typeof SECTIONS)[number]

/** An image that is printed with the report; `frame` counts from 1. */
export interface KeyImage {
  sop_uid: string
  frame: number
  caption: string
}

export type ReportText = Record<Section, string> & { key_images: KeyImage[] }

/** The text as the server holds it: `revision` grows with every change, 0 before the first. */
export interface ReportOnServer extends ReportText {
  revision: number
  status?: string | null
  saved_at?: string | null
  saved_by?: string | null
}

export interface Template {
  id: string
  /** What lists call it; `title` is what the document is called. */
  name: string
  title: string
  modality: string
  body_part: string
  required: Section[]
  text: Partial<Record<Section, string>>
  /** What the sections are called in this kind of report. */
  names?: Partial<Record<Section, string>>
  /** The scoring system that goes with it; '' for none. */
  calculator: string
}

export interface Finding {
  code: string
  severity: 'block' | 'warn'
  sentence: string
  where: string
}

export const EMPTY: ReportText = { technique: '', comparison: '', findings: '', impression: '', recommendation: '', key_images: [] }

/** The text alone, with what may be absent filled in. */
export function textOf(report: Partial<ReportText>): ReportText {
  const sections = Object.fromEntries(SECTIONS.map((section) => [section, report[section] ?? ''])) as Record<Section, string>
  const images = (report.key_images ?? []).map(({ sop_uid, frame, caption }) => ({ sop_uid, frame, caption }))
  return { ...sections, key_images: images }
}

export function sameText(a: ReportText, b: ReportText): boolean {
  return SECTIONS.every((section) => a[section] === b[section]) && sameImages(a.key_images, b.key_images)
}

export function sameImages(a: KeyImage[], b: KeyImage[]): boolean {
  return a.length === b.length && a.every((image, index) => isSame(image, b[index]) && image.caption === b[index]?.caption)
}

export function isSame(a: KeyImage, b: KeyImage | undefined): boolean {
  return b !== undefined && a.sop_uid === b.sop_uid && a.frame === b.frame
}

export function isBlank(text: ReportText): boolean {
  return SECTIONS.every((section) => text[section].trim() === '') && text.key_images.length === 0
}

/** Chinese characters and words of other scripts, as editors count them. */
export function wordCount(text: ReportText): number {
  const all = SECTIONS.map((section) => text[section]).join('\n')
  return (all.match(/\p{Script=Han}|[\p{L}\p{N}]+(?:[.'-][\p{L}\p{N}]+)*/gu) ?? []).reduce((sum, word) => sum + ofOne(word), 0)
}

/** A run that mixes scripts counts its characters of Chinese and one word for the rest. */
function ofOne(run: string): number {
  const han = run.match(/\p{Script=Han}/gu)?.length ?? 0
  return han === 0 ? 1 : han + (han < [...run].length ? 1 : 0)
}
