/** Puts the images of a series in the order a person scrolls them, whatever order and kind they arrived in. */
import { type Attributes, framesOf, number, numbers, text, type Vector, vector } from './dicom'
import { alike, dot, normalOf, type Orientation, tiltOf } from './geometry'

/** What a distance on the image means: mm in the patient, mm at the detector (CR, DX), or nothing but pixels. */
export type Scale = 'patient' | 'detector' | 'none'

/** One image on the screen: an instance, or one frame of it. */
export interface Slice {
  sop: string
  /** Counts from 1. */
  frame: number
  /** Path of the frame on our own server (PS3.18 §10.4.1.1.6). */
  url: string
  attributes: Attributes
  instanceNumber: number
  plane: Orientation | undefined
  position: Vector | undefined
  /** mm between rows, mm between columns. */
  spacing: readonly [number, number] | undefined
  scale: Scale
  thickness: number | undefined
  /** Which repetition of the same positions (time point, b-value) this image belongs to; counts from 1. */
  pass: number
  /** Images that seem to be missing between this one and the one before it. */
  missingBefore: number
}

export interface Stack {
  slices: Slice[]
  passes: number
  /** mm between neighbouring slices, the median; undefined where there is no such thing. */
  step: number | undefined
  tilt: number
}

function planeOf(attributes: Attributes): Orientation | undefined {
  const [a, b, c, d, e, f] = numbers(attributes, '00200037')
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined || f === undefined) return undefined
  const plane: Orientation = { row: [a, b, c], column: [d, e, f] }
  return dot(normalOf(plane), normalOf(plane)) > 0.5 ? plane : undefined
}

function pairOf(attributes: Attributes, tag: string): readonly [number, number] | undefined {
  const [row, column] = numbers(attributes, tag)
  return row !== undefined && column !== undefined && row > 0 && column > 0 ? [row, column] : undefined
}

/** Pixel Spacing of a projection image may be the detector's own (PS3.3 10.7.1.3): equal numbers mean nobody calibrated. */
function spacingOf(attributes: Attributes, plane: Orientation | undefined): { spacing: readonly [number, number] | undefined; scale: Scale } {
  const pixel = pairOf(attributes, '00280030')
  const detector = pairOf(attributes, '00181164')
  if (plane !== undefined && pixel !== undefined) return { spacing: pixel, scale: 'patient' }
  if (pixel !== undefined && (detector === undefined || pixel[0] !== detector[0] || pixel[1] !== detector[1])) {
    return { spacing: pixel, scale: detector === undefined && !CROSS_SECTION.has(text(attributes, '00080060')) ? 'detector' : 'patient' }
  }
  if (detector !== undefined) return { spacing: detector, scale: 'detector' }
  return { spacing: undefined, scale: 'none' }
}

/** Modalities whose Pixel Spacing is always a distance in the patient. */
const CROSS_SECTION = new Set(['CT', 'MR', 'PT', 'NM', 'US'])

function sliceOf(attributes: Attributes, frame: number, seriesPath: string): Slice {
  const sop = text(attributes, '00080018')
  const plane = planeOf(attributes)
  return {
    sop,
    frame,
    url: `${seriesPath}/instances/${sop}/frames/${String(frame)}`,
    attributes,
    instanceNumber: number(attributes, '00200013') ?? 0,
    plane,
    position: vector(attributes, '00200032'),
    ...spacingOf(attributes, plane),
    thickness: number(attributes, '00180050'),
    pass: 1,
    missingBefore: 0,
  }
}

interface Placed {
  slice: Slice
  /** mm along the normal of its group. */
  along: number
}

/** Positions closer than this are the same position. */
const SAME_PLACE_MM = 0.05

function byNumber(a: Slice, b: Slice): number {
  return a.instanceNumber - b.instanceNumber || a.frame - b.frame
}

function groupsByOrientation(slices: Slice[]): Slice[][] {
  const groups: { plane: Orientation; members: Slice[] }[] = []
  const loose: Slice[] = []
  for (const slice of slices) {
    const { plane, position } = slice
    if (plane === undefined || position === undefined) {
      loose.push(slice)
      continue
    }
    const group = groups.find((known) => alike(known.plane, plane))
    if (group === undefined) groups.push({ plane, members: [slice] })
    else group.members.push(slice)
  }
  const all = groups.map((group) => group.members)
  if (loose.length > 0) all.push(loose)
  return all.sort((a, b) => Math.min(...a.map(orderKey)) - Math.min(...b.map(orderKey)))
}

function orderKey(slice: Slice): number {
  return slice.instanceNumber
}

function placed(group: Slice[]): Placed[] | undefined {
  const plane = group[0]?.plane
  if (plane === undefined) return undefined
  const normal = normalOf(plane)
  return group.map((slice) => ({ slice, along: slice.position === undefined ? 0 : dot(slice.position, normal) }))
}

/** Places in ascending order, each with its images in the order they were taken. */
function clusters(images: Placed[]): Placed[][] {
  const found: Placed[][] = []
  for (const image of [...images].sort((a, b) => a.along - b.along)) {
    const last = found[found.length - 1]
    if (last !== undefined && image.along - (last[0]?.along ?? 0) < SAME_PLACE_MM) last.push(image)
    else found.push([image])
  }
  for (const cluster of found) cluster.sort((a, b) => inTime(a.slice, b.slice))
  return found
}

/** Temporal Position Index / Identifier, acquisition, then the instance's own number. */
function inTime(a: Slice, b: Slice): number {
  for (const tag of ['00209128', '00200100', '00200012']) {
    const difference = (number(a.attributes, tag) ?? 0) - (number(b.attributes, tag) ?? 0)
    if (difference !== 0) return difference
  }
  return byNumber(a, b)
}

/** The end that is numbered first comes first, as the modality's own console shows it. */
function againstNumbers(places: Placed[][]): boolean {
  const lows = places[0]?.[0]?.slice
  const highs = places[places.length - 1]?.[0]?.slice
  return lows !== undefined && highs !== undefined && byNumber(lows, highs) > 0
}

/** The largest number of repetitions may exceed the smallest by a few lost images, not by chance duplicates. */
function isRepeated(places: Placed[][]): boolean {
  const most = Math.max(...places.map((place) => place.length))
  if (most < 2 || places.length < 2) return false
  const full = places.filter((place) => place.length >= most - 1 && place.length > 1).length
  return full >= places.length * 0.7
}

function medianStep(places: Placed[][]): number | undefined {
  const steps = places.slice(1).map((place, index) => Math.abs((place[0]?.along ?? 0) - (places[index]?.[0]?.along ?? 0)))
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)]
}

function inOnePass(places: Placed[][], pass: number, step: number | undefined): Slice[] {
  let before: Placed | undefined
  const ordered: Slice[] = []
  for (const place of places) {
    for (const image of pass === 0 ? place : place.slice(pass - 1, pass)) {
      const gap = before === undefined || step === undefined || step === 0 ? 0 : Math.round(Math.abs(image.along - before.along) / step) - 1
      ordered.push({ ...image.slice, pass: Math.max(1, pass), missingBefore: Math.max(0, gap) })
      before = image
    }
  }
  return ordered
}

/** Fewer slices than this do not make a stack whose gaps mean something. */
const A_STACK = 4

function stackOf(group: Slice[]): Stack {
  const images = placed(group)
  if (images === undefined) return { slices: [...group].sort(byNumber), passes: 1, step: undefined, tilt: 0 }
  const places = clusters(images)
  if (againstNumbers(places)) places.reverse()
  const step = places.length >= A_STACK ? medianStep(places) : undefined
  const passes = isRepeated(places) ? Math.max(...places.map((place) => place.length)) : 1
  const slices =
    passes === 1 ? inOnePass(places, 0, step) : Array.from({ length: passes }, (_, index) => inOnePass(places, index + 1, step)).flat()
  const positions = places.map((place) => place[0]?.slice.position).filter((position) => position !== undefined)
  const plane = group[0]?.plane
  return { slices, passes, step, tilt: plane === undefined ? 0 : tiltOf(positions, plane) }
}

/** A series as one stack: groups of equal orientation one after the other, each along its normal. */
export function stackFrom(instances: Attributes[], seriesPath: string): Stack {
  const slices = instances.flatMap((instance) => framesOf(instance).map((frame, index) => sliceOf(frame, index + 1, seriesPath)))
  const stacks = groupsByOrientation(slices).map(stackOf)
  const only = stacks.length === 1 ? stacks[0] : undefined
  return only ?? { slices: stacks.flatMap((stack) => stack.slices), passes: 1, step: undefined, tilt: 0 }
}
