import { describe, expect, it } from 'vitest'

import { wantedOf } from './download'

const row = { study: '1.2', uid: '1.2.3', modality: 'DOC' }
const sop = { '00080018': { vr: 'UI', Value: ['1.2.3.4'] } }

describe('what is saved of an object that is not shown', () => {
  it('is the document itself where it holds a PDF', () => {
    const pdf = { ...sop, '00420012': { vr: 'LO', Value: ['application/pdf'] }, '00420011': { vr: 'OB', BulkDataURI: 'x' } }
    expect(wantedOf(row, pdf, 1)).toMatchObject({ path: '/dicom-web/studies/1.2/series/1.2.3/instances/1.2.3.4/bulkdata/00420011', name: 'DOC-1.pdf', type: 'application/pdf' })
  })
  it('is the DICOM file, in the syntax it is kept in, else', () => {
    expect(wantedOf({ ...row, modality: 'ECG' }, sop, 2)).toMatchObject({ accept: 'application/dicom; transfer-syntax=*', name: 'ECG-2.dcm' })
    expect(wantedOf({ ...row, modality: '' }, sop, 1).name).toBe('DICOM-1.dcm')
  })
  it('is the DICOM file where a document is of another kind than its name says', () => {
    const text = { ...sop, '00420012': { vr: 'LO', Value: ['text/html'] }, '00420011': { vr: 'OB', BulkDataURI: 'x' } }
    expect(wantedOf(row, text, 1).name).toBe('DOC-1.dcm')
  })
})
