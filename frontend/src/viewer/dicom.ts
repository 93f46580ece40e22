/** Reads attributes out of the DICOM JSON model (PS3.18 annex F), where every value may be absent. */

export interface Element {
  vr: string
  Value?: unknown[]
  InlineBinary?: string
}

/** One object or sequence item: tag in eight upper-case hex digits → element. */
export type Attributes = Record<string, Element | undefined>

export type Vector = readonly [number, number, number]

function first(attributes: Attributes, tag: string): unknown {
  return attributes[tag]?.Value?.[0]
}

/** The first value as text without padding; '' when absent. */
export function text(attributes: Attributes, tag: string): string {
  const value = first(attributes, tag)
  if (typeof value === 'string') return value.trim()
  return typeof value === 'number' ? String(value) : ''
}

/** All values as text; empty values are kept, so that positions in the list keep their meaning. */
export function texts(attributes: Attributes, tag: string): string[] {
  return (attributes[tag]?.Value ?? []).map((value) => (typeof value === 'string' ? value.trim() : ''))
}

function asNumber(value: unknown): number | undefined {
  if (value === null || value === undefined || value === '') return undefined
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : undefined
}

/** The first value as a number; some servers write DS and IS as strings. */
export function number(attributes: Attributes, tag: string): number | undefined {
  return asNumber(first(attributes, tag))
}

/** All values as numbers, or [] when any of them is none. */
export function numbers(attributes: Attributes, tag: string): number[] {
  const values = (attributes[tag]?.Value ?? []).map(asNumber)
  return values.every((value) => value !== undefined) ? values : []
}

export function vector(attributes: Attributes, tag: string): Vector | undefined {
  const [x, y, z] = numbers(attributes, tag)
  return x === undefined || y === undefined || z === undefined ? undefined : [x, y, z]
}

/** The items of a sequence. */
export function items(attributes: Attributes, tag: string): Attributes[] {
  const values = attributes[tag]?.Value ?? []
  return values.filter((value): value is Attributes => typeof value === 'object' && value !== null)
}

/** A binary value that is sent inline (PS3.18 F.2.7); undefined when it is absent or only referred to. */
export function inlineBytes(attributes: Attributes, tag: string): Uint8Array | undefined {
  const encoded = attributes[tag]?.InlineBinary
  return encoded === undefined ? undefined : Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0))
}

const FUNCTIONAL_GROUPS = ['52009229', '52009230']
/** Groups may speak of other objects (what a frame was made from); these stay those of the instance itself. */
const IDENTITY = ['00080016', '00080018', '0020000D', '0020000E', '00080060']
const NUMBER_OF_FRAMES = '00280008'

/** The attributes inside the functional groups of one item: every group is a sequence of one item. */
function grouped(item: Attributes | undefined): Attributes {
  const found: Attributes = {}
  for (const tag of Object.keys(item ?? {})) Object.assign(found, items(item ?? {}, tag)[0])
  return found
}

/** One set of attributes per frame: what all frames share, then what that frame says itself (PS3.3 C.7.6.16). */
export function framesOf(instance: Attributes): Attributes[] {
  const count = Math.max(1, number(instance, NUMBER_OF_FRAMES) ?? 1)
  const top = { ...instance }
  for (const tag of FUNCTIONAL_GROUPS) Reflect.deleteProperty(top, tag)
  const shared = grouped(items(instance, '52009229')[0])
  const perFrame = items(instance, '52009230')
  const identity = Object.fromEntries(IDENTITY.map((tag) => [tag, instance[tag]]))
  return Array.from({ length: count }, (_, index) => ({ ...top, ...shared, ...grouped(perFrame[index]), ...identity }))
}
