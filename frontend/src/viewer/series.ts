/** The series of a case: what is known of each before it is opened, and what is loaded of it afterwards. */
import { call } from '@/api/calls'
import type { Completeness, SeriesFacts, Study } from '@/api/types'

import type { Attributes } from './dicom'
import { announce, fits, glimpse, imageIdOf, isLoaded, isVisible, load, onRemoved } from './cornerstone'
import { isLocaliser, isLossy, type NotShown, notShown, notShownByModality } from './objects'
import { Prefetch } from './prefetch'
import { type Slice, type Stack, stackFrom } from './slices'

/** One row of the strip. */
export interface SeriesRow {
  study: string
  uid: string
  number: number | undefined
  modality: string
  description: string
  bodyPart: string
  /** Instances, not frames. */
  received: number
  thickness: number | undefined
  completeness: Completeness | undefined
  role: 'current' | 'prior'
  studyDate: string
  lossy: boolean
  notShown: NotShown | undefined
}

function pathOf(study: string, series?: string): string {
  return `/dicom-web/studies/${study}/series${series === undefined ? '' : `/${series}`}`
}

function rowOf(study: Study, series: SeriesFacts): SeriesRow {
  return {
    study: study.study_uid,
    uid: series.series_uid,
    number: series.number ?? undefined,
    modality: series.modality,
    description: series.description,
    bodyPart: series.body_part || study.body_part,
    received: series.instances,
    thickness: series.slice_thickness_mm ?? undefined,
    completeness: series.completeness,
    role: study.role,
    studyDate: study.study_date,
    lossy: series.lossy,
    notShown: notShownByModality(series.modality),
  }
}

/** The series of a case's studies: this exam first, each study by series number, what cannot be shown last. */
export function rowsOf(studies: Study[]): SeriesRow[] {
  const current = studies.filter((study) => study.role !== 'prior')
  const priors = studies.filter((study) => study.role === 'prior').sort((a, b) => b.study_date.localeCompare(a.study_date))
  return [...current, ...priors].flatMap((study) =>
    study.series
      .map((series) => rowOf(study, series))
      .sort((a, b) => Number(a.notShown !== undefined) - Number(b.notShown !== undefined) || (a.number ?? 0) - (b.number ?? 0)),
  )
}

export interface Progress {
  /** Those that can be looked at, whole or as a preview. */
  visible: number
  loaded: number
  failed: number
  total: number
  /** How many of them this machine keeps at once. */
  room: number
}

/** A series whose images are known, loading from where the reader looks. */
export class OpenSeries {
  readonly stack: Stack
  readonly notShown: NotShown | undefined
  readonly lossy: boolean
  readonly localiser: boolean
  /** What every image says alike, from the first. */
  readonly facts: Attributes
  private readonly visible = new Set<number>()
  private readonly loaded = new Set<number>()
  private readonly failed = new Set<number>()
  private readonly prefetch: Prefetch
  private readonly room: number
  private readonly indices: Map<string, number>
  private readonly stopListening: () => void

  private constructor(
    readonly row: SeriesRow,
    instances: Attributes[],
    private readonly changed: () => void,
  ) {
    const shown = instances.filter((instance) => notShown(instance) === undefined)
    const first = shown[0] ?? instances[0] ?? {}
    this.facts = first
    this.notShown = shown.length > 0 ? undefined : notShown(first)
    this.lossy = row.lossy || shown.some(isLossy)
    this.localiser = isLocaliser(first)
    this.stack = stackFrom(shown, pathOf(row.study, row.uid))
    announce(this.slices)
    this.indices = new Map(this.slices.map((slice, index) => [imageIdOf(slice), index]))
    this.room = this.slices[0] === undefined ? 0 : fits(this.slices[0])
    this.prefetch = new Prefetch(this.slices.length, [(index) => this.glimpse(index), (index) => this.fetch(index)], this.room)
    this.stopListening = onRemoved((imageId) => { this.lost(imageId) })
  }

  static async open(row: SeriesRow, changed: () => void): Promise<OpenSeries> {
    const instances = await call<Attributes[]>(`${pathOf(row.study, row.uid)}/metadata`, { headers: { Accept: 'application/dicom+json' } })
    return new OpenSeries(row, instances, changed)
  }

  get slices(): Slice[] {
    return this.stack.slices
  }

  get middle(): number {
    return Math.floor(this.slices.length / 2)
  }

  get progress(): Progress {
    return { visible: this.visible.size, loaded: this.loaded.size, failed: this.failed.size, total: this.slices.length, room: this.room }
  }

  get isWhole(): boolean {
    return this.loaded.size === this.slices.length
  }

  /** Whether there is something to look at. */
  shows(index: number): boolean {
    return this.visible.has(index)
  }

  /** The loaded slices as runs, [first, last]. */
  runs(): [number, number][] {
    const found: [number, number][] = []
    for (const index of [...this.loaded].sort((a, b) => a - b)) {
      const last = found[found.length - 1]
      if (last !== undefined && last[1] === index - 1) last[1] = index
      else found.push([index, index])
    }
    return found
  }

  /** Where an object's frame lies in this series; -1 when it is not one of it. */
  indexOf(sop: string, frame: number): number {
    return this.slices.findIndex((slice) => slice.sop === sop && slice.frame === frame)
  }

  /** Loads the whole series, what is near `index` first. */
  focus(index: number): void {
    this.prefetch.focus(index)
  }

  /** Another series is in view. */
  pause(): void {
    this.prefetch.pause()
  }

  /** Something of this image to look at, as for a thumbnail. True when it is whole. */
  glimpse(index: number): Promise<boolean> {
    return this.counted(index, (slice) => glimpse(slice, false))
  }

  private fetch(index: number): Promise<boolean> {
    return this.counted(index, (slice) => load(slice, false))
  }

  private async counted(index: number, bring: (slice: Slice) => Promise<unknown>): Promise<boolean> {
    const slice = this.slices[index]
    if (slice === undefined) return true
    try {
      await bring(slice)
      this.failed.delete(index)
    } catch (reason) {
      this.failed.add(index)
      throw reason
    } finally {
      this.count(index, slice)
      this.changed()
    }
    return this.loaded.has(index)
  }

  private count(index: number, slice: Slice): void {
    if (isVisible(slice)) this.visible.add(index)
    if (isLoaded(slice)) this.loaded.add(index)
  }

  /** The picture on the screen loads by itself: count what it brought. */
  note(index: number): void {
    const slice = this.slices[index]
    if (slice === undefined || this.loaded.has(index)) return
    const before = this.visible.size + this.loaded.size
    this.count(index, slice)
    this.failed.delete(index)
    if (this.visible.size + this.loaded.size !== before) this.changed()
  }

  retry(): void {
    this.prefetch.retry()
  }

  rest(): void {
    this.prefetch.stop()
    this.stopListening()
  }

  private lost(imageId: string): void {
    const index = this.indices.get(imageId)
    if (index === undefined || !this.visible.delete(index)) return
    this.loaded.delete(index)
    this.prefetch.forget(index)
    this.changed()
  }
}
