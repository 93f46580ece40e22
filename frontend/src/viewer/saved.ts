/** The way of measurements to the case and back: one call after the other, each on the version that is known. */
import { api, told, type Schema } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { etagOf } from '@/api/wire'

import type { Deed, Kind, Mark, Value } from './marks'
import type { Scale } from './slices'

export interface SavedMark {
  mark: Mark
  version: number
  author: string
  mine: boolean
}

/** Where a mark lies, as the server asks it. */
export interface Home {
  study: string
  series: string
  scale: Scale
}

type Told = Schema['MeasurementOut']

function markOf(item: Told): Mark {
  return {
    id: item.id,
    kind: item.kind as Kind,
    sop: item.sop_uid ?? '',
    frame: item.frame,
    frameOfReference: item.frame_of_reference_uid ?? undefined,
    points: item.points,
    values: item.values.map(({ name, value, unit }) => ({ name, value, unit }) as Value),
    label: item.label,
  }
}

function savedOf(item: Told): SavedMark {
  return { mark: markOf(item), version: item.version, author: item.author.name, mine: item.mine }
}

export function savedMarks(caseId: string, changed: (known: ReadonlyMap<string, SavedMark>) => void, refused: (problem: Problem) => void) {
  const known = new Map<string, SavedMark>()
  /** Versions of what was deleted: to bring one back is a version more. */
  const versions = new Map<string, number>()
  let last: Promise<void> = Promise.resolve()

  function note(item: Told): void {
    versions.set(item.id, item.version)
    if (item.deed === 'deleted') known.delete(item.id)
    else known.set(item.id, savedOf(item))
    changed(new Map(known))
  }

  async function load(): Promise<void> {
    try {
      const { items } = await told(api.GET('/api/v1/cases/{case_id}/measurements', { params: { path: { case_id: caseId } } }))
      for (const item of items) {
        versions.set(item.id, item.version)
        known.set(item.id, savedOf(item))
      }
      changed(new Map(known))
    } catch (reason) {
      refused(asProblem(reason))
    }
  }

  async function send({ did, mark }: Deed, home: Home): Promise<void> {
    const version = versions.get(mark.id)
    const body = {
      kind: mark.kind, study_uid: home.study, series_uid: home.series, sop_uid: mark.sop, frame: mark.frame,
      frame_of_reference_uid: mark.frameOfReference ?? null, points: mark.points, values: mark.values, label: mark.label, scale: home.scale,
    }
    const path = { params: { path: { case_id: caseId, measurement_id: mark.id } } }
    const headers = { 'If-Match': etagOf(version ?? 0) }
    if (version === undefined) {
      if (did !== 'removed') note(await told(api.POST('/api/v1/cases/{case_id}/measurements', { params: { path: { case_id: caseId } }, body: { ...body, id: mark.id } })))
    } else if (did === 'removed') note(await told(api.DELETE('/api/v1/cases/{case_id}/measurements/{measurement_id}', { ...path, headers })))
    else note(await told(api.PUT('/api/v1/cases/{case_id}/measurements/{measurement_id}', { ...path, body, headers })))
  }

  function keep(deed: Deed, home: Home): void {
    last = last.then(() => send(deed, home)).catch((reason: unknown) => { refused(asProblem(reason)) })
  }

  return { load, keep }
}
