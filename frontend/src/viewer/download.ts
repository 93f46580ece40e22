/** Saves a series that the viewer does not show: a document as what it is, everything else as DICOM files. */
import { call, type Fetched, fetched } from '@/api/calls'

import { type Attributes, text } from './dicom'
import type { SeriesRow } from './series'

const ENCAPSULATED = '00420011'

/** Where one object comes from, what to ask for it, and what to call it. */
export interface Wanted {
  path: string
  accept: string
  type: string
  name: string
}

/** What is saved of an object; `nth` makes the name of each its own. No patient's name: files lie about on desktops. */
export function wantedOf(row: Pick<SeriesRow, 'study' | 'uid' | 'modality'>, instance: Attributes, nth: number): Wanted {
  const path = `/dicom-web/studies/${row.study}/series/${row.uid}/instances/${text(instance, '00080018')}`
  const name = `${row.modality || 'DICOM'}-${String(nth)}`
  const type = text(instance, '00420012')
  if (type === 'application/pdf' && instance[ENCAPSULATED] !== undefined) {
    return { path: `${path}/bulkdata/${ENCAPSULATED}`, accept: 'application/octet-stream', type, name: `${name}.pdf` }
  }
  return { path, accept: 'application/dicom; transfer-syntax=*', type: 'application/dicom', name: `${name}.dcm` }
}

function save(bytes: Fetched, { type, name }: Wanted): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes], { type }))
  link.download = name
  link.click()
  window.setTimeout(() => { URL.revokeObjectURL(link.href) }, 60_000)
}

/** All objects of a series, one after the other. Throws Problem. */
export async function download(row: SeriesRow): Promise<void> {
  const path = `/dicom-web/studies/${row.study}/series/${row.uid}/metadata`
  const instances = await call<Attributes[]>(path, { headers: { Accept: 'application/dicom+json' } })
  for (const [index, instance] of instances.entries()) {
    const wanted = wantedOf(row, instance, index + 1)
    save(await fetched(wanted.path, wanted.accept), wanted)
  }
}
