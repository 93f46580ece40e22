/** A structured report as people read it: its tree in words, its measurements as a table (PS3.3 §C.17.3, PS3.16 TID 1500). */
import type { Language } from '@/api/types'
import { type Attributes, items, number, numbers, text, texts } from '@/viewer/dicom'

import { meaningOf } from './codes'

/** An image that something refers to. `series` is empty where the object does not say where it belongs. */
export interface Reference {
  series: string
  sop: string
  /** From 1. */
  frame: number
}

export interface Node {
  kind: string
  name: string
  value: string
  /** Coded name, `scheme|value`, for what has a place of its own on the page. */
  code: string
  images: Reference[]
  children: Node[]
}

export interface Row {
  /** What was measured: the label it is tracked by, what it is, where it is. */
  subject: string
  finding: string
  site: string
  measure: string
  value: string
  unit: string
  images: Reference[]
}

export interface Report {
  title: string
  /** COMPLETE or PARTIAL; VERIFIED or UNVERIFIED, and by whom. */
  completion: string
  verification: string
  verifiers: string[]
  written: string
  root: Node
  rows: Row[]
}

const GROUP = 'DCM|125007'
const TRACKING = 'DCM|112039'
const FINDING = new Set(['DCM|121071'])
const SITE = new Set(['SCT|363698007', 'SRT|G-C0E3'])

export function codeOf(item: Attributes | undefined): string {
  if (item === undefined) return ''
  const value = text(item, '00080100') || text(item, '00080119') || text(item, '00080120')
  return `${text(item, '00080102')}|${value}`
}

/** A code in the reader's language where it is known, else in the words that came with it. */
export function wordOf(item: Attributes | undefined, language: Language): string {
  if (item === undefined) return ''
  return (language === 'en' ? undefined : meaningOf(codeOf(item))) ?? (text(item, '00080104') || codeOf(item))
}

function person(item: Attributes, tag: string): string {
  const value = item[tag]?.Value?.[0]
  if (typeof value !== 'object' || value === null) return text(item, tag)
  const { Alphabetic, Ideographic } = value as { Alphabetic?: string; Ideographic?: string }
  return (Ideographic ?? Alphabetic ?? '').split('^').filter(Boolean).join(' ')
}

/** DA, TM and DT as people write them (PS3.5 §6.2). */
export function moment(value: string): string {
  const day = /^(\d{4})(\d{2})(\d{2})/.exec(value)
  const rest = day === null ? value : value.slice(8)
  const time = /^(\d{2})(\d{2})(\d{2})?/.exec(rest)
  const clock = time === null ? '' : [time[1], time[2], time[3]].filter(Boolean).join(':')
  return [day === null ? '' : `${day[1] ?? ''}-${day[2] ?? ''}-${day[3] ?? ''}`, clock].filter(Boolean).join(' ')
}

function unitText(item: Attributes | undefined): string {
  const unit = item === undefined ? '' : text(item, '00080100')
  return unit === '1' || unit === '{ratio}' ? '' : unit.replace(/^\{(.*)\}$/, '$1').replace(/\{.*\}/, '').replaceAll('[', '').replaceAll(']', '')
}

function numeric(item: Attributes): { value: string; unit: string } {
  const measured = items(item, '0040A300')[0]
  if (measured === undefined) return { value: '—', unit: '' }
  return { value: text(measured, '0040A30A'), unit: unitText(items(measured, '004008EA')[0]) }
}

/** How each value type is told (PS3.3 table C.17.3-7). */
function told(item: Attributes, language: Language): string {
  const kind = text(item, '0040A040')
  switch (kind) {
    case 'TEXT': return text(item, '0040A160')
    case 'CODE': return wordOf(items(item, '0040A168')[0], language)
    case 'NUM': return Object.values(numeric(item)).filter(Boolean).join(' ')
    case 'PNAME': return person(item, '0040A123')
    case 'DATETIME': return moment(text(item, '0040A120'))
    case 'DATE': return moment(text(item, '0040A121'))
    case 'TIME': return moment(`00000000${text(item, '0040A122')}`).replace('0000-00-00 ', '')
    case 'UIDREF': return text(item, '0040A124')
    case 'SCOORD':
    case 'SCOORD3D': return `${text(item, '00700023')} (${numbers(item, '00700022').map((one) => one.toFixed(1)).join(', ')})`
    case 'TCOORD': return texts(item, '0040A130').join(' ')
    default: return ''
  }
}

type Homes = ReadonlyMap<string, string>

function referencesOf(item: Attributes, homes: Homes): Reference[] {
  return items(item, '00081199').map((one) => {
    const sop = text(one, '00081155')
    return { sop, series: homes.get(sop) ?? '', frame: number(one, '00081160') ?? 1 }
  })
}

/** The series of each object that is cited as evidence (PS3.3 §C.17.2). */
export function homesOf(instance: Attributes): Homes {
  const found = new Map<string, string>()
  for (const tag of ['0040A375', '0040A385', '00081115']) {
    const studies = tag === '00081115' ? [instance] : items(instance, tag)
    for (const series of studies.flatMap((study) => items(study, '00081115'))) {
      for (const one of [...items(series, '00081199'), ...items(series, '00081140')]) found.set(text(one, '00081155'), text(series, '0020000E'))
    }
  }
  return found
}

function nodeOf(item: Attributes, homes: Homes, language: Language): Node {
  const name = items(item, '0040A043')[0]
  return {
    kind: text(item, '0040A040'),
    name: wordOf(name, language),
    code: codeOf(name),
    value: told(item, language),
    images: referencesOf(item, homes),
    children: items(item, '0040A730').map((child) => nodeOf(child, homes, language)),
  }
}

function imagesBelow(node: Node): Reference[] {
  return [...node.images, ...node.children.flatMap(imagesBelow)]
}

function rowsOf(node: Node): Row[] {
  if (node.code !== GROUP) return node.children.flatMap(rowsOf)
  const of = (codes: ReadonlySet<string>) => node.children.find(({ kind, code }) => kind === 'CODE' && codes.has(code))?.value ?? ''
  const subject = node.children.find(({ code }) => code === TRACKING)?.value ?? ''
  const images = imagesBelow(node)
  return node.children
    .filter(({ kind }) => kind === 'NUM')
    .map(({ name, value, children }) => {
      const [figure = '', ...unit] = value.split(' ')
      const how = children.filter(({ kind }) => kind === 'CODE').map((child) => child.value)
      return { subject, finding: of(FINDING), site: of(SITE), measure: [name, ...how].join(' · '), value: figure, unit: unit.join(' '), images }
    })
}

export function reportOf(instance: Attributes, language: Language): Report {
  const homes = homesOf(instance)
  const root = nodeOf(instance, homes, language)
  return {
    title: root.name,
    completion: text(instance, '0040A491'),
    verification: text(instance, '0040A493'),
    verifiers: items(instance, '0040A073').map((one) => [person(one, '0040A075'), moment(text(one, '0040A030'))].filter(Boolean).join(' ')),
    written: moment(`${text(instance, '00080023')}${text(instance, '00080033')}`),
    root,
    rows: rowsOf(root),
  }
}

/** Every image that a key object selection names, in its order (PS3.3 §C.17.6). */
export function keyImagesOf(instance: Attributes, language: Language): { title: string; words: string[]; images: Reference[] } {
  const { root } = reportOf(instance, language)
  return { title: root.name, words: root.children.filter(({ kind }) => kind === 'TEXT').map(({ value }) => value), images: imagesBelow(root) }
}
