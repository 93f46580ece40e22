/** What is measured on images, as plain values: what the server keeps and a room carries. No library in here. */
import type { Vector } from './dicom'

export const KINDS = ['length', 'angle', 'cobb', 'bidirectional', 'ellipse', 'rectangle', 'probe'] as const
export type Kind = (typeof KINDS)[number]
export type Unit = 'mm' | 'mm2' | 'deg' | '{pixel}' | "[hnsf'U]" | '{SUVbw}g/ml' | '1'
export type ValueName = 'length' | 'width' | 'angle' | 'area' | 'mean' | 'sd' | 'min' | 'max' | 'value'

export interface Value {
  name: ValueName
  value: number
  unit: Unit
}

/** Points are x, y, z in LPS mm where the image has a frame of reference, else column and row of the frame. */
export interface Mark {
  id: string
  kind: Kind
  sop: string
  frame: number
  frameOfReference: string | undefined
  points: number[][]
  values: Value[]
  label: string
}

export function isKind(told: string): told is Kind {
  return (KINDS as readonly string[]).includes(told)
}

const SIGNS: Record<Unit, string> = { mm: ' mm', mm2: ' mm²', deg: '°', '{pixel}': ' px', "[hnsf'U]": ' HU', '{SUVbw}g/ml': ' SUV', '1': '' }

/** A number as people read it; from 10 cm² on in cm². */
export function shownValue({ value, unit }: Value): string {
  if (unit === 'mm2' && value >= 1000) return `${(value / 100).toFixed(1)} cm²`
  return `${value.toFixed(unit === '{SUVbw}g/ml' ? 2 : 1)}${SIGNS[unit]}`
}

function between(a: Vector, b: Vector): Vector {
  return [b[0] - a[0], b[1] - a[1], b[2] - a[2]]
}

function size(a: Vector): number {
  return Math.hypot(...a)
}

/** The angle between two directions, 0 to 180 degrees. */
function turn(a: Vector, b: Vector): number {
  const across: Vector = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
  return (Math.atan2(size(across), a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) * 180) / Math.PI
}

/** What the points say by themselves; `mm` or pixels as the image has it. Nothing while points are lacking. */
export function geometryOf(kind: Kind, points: readonly Vector[], unit: 'mm' | '{pixel}'): Value[] {
  const [a, b, c, d] = points
  const area = unit === 'mm' ? 'mm2' : '{pixel}'
  if (a === undefined || b === undefined) return []
  if (kind === 'length') return [{ name: 'length', value: size(between(a, b)), unit }]
  if (c === undefined) return []
  if (kind === 'angle') return [{ name: 'angle', value: turn(between(b, a), between(b, c)), unit: 'deg' }]
  if (d === undefined) return []
  if (kind === 'cobb') {
    const turned = turn(between(a, b), between(c, d))
    return [{ name: 'angle', value: Math.min(turned, 180 - turned), unit: 'deg' }]
  }
  if (kind === 'bidirectional') return [{ name: 'length', value: size(between(a, b)), unit }, { name: 'width', value: size(between(c, d)), unit }]
  if (kind === 'ellipse') return [{ name: 'area', value: (Math.PI / 4) * size(between(a, b)) * size(between(c, d)), unit: area }]
  if (kind === 'rectangle') return [{ name: 'area', value: size(between(a, b)) * size(between(a, c)), unit: area }]
  return []
}

export type Deed = { did: 'added' | 'removed'; mark: Mark } | { did: 'edited'; mark: Mark; before: Mark }

/** What takes a deed back. */
export function inverse(deed: Deed): Deed {
  if (deed.did === 'edited') return { did: 'edited', mark: deed.before, before: deed.mark }
  return { did: deed.did === 'added' ? 'removed' : 'added', mark: deed.mark }
}
