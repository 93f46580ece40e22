import { describe, expect, it } from 'vitest'

import { levels } from './modules'
import { isLossy, notShown } from './objects'
import { element, made } from './samples'

const ct = made({ number: 1, more: { '00280100': element('US', 16) } })

describe('what can be shown', () => {
  it('is an image of 8 or 16 bits', () => {
    expect(notShown(ct)).toBeUndefined()
  })

  it('is not a report, a document, a video or a segmentation, and each says why', () => {
    const of = (modality: string) => notShown({ ...ct, '00080060': element('CS', modality) })
    expect([of('SR'), of('DOC'), of('SEG')]).toEqual(['report', 'document', 'segmentation'])
    expect(notShown({ ...ct, '00083002': element('UI', '1.2.840.10008.1.2.4.102') })).toBe('video')
    expect(notShown({ ...ct, '00280010': undefined })).toBe('no_pixels')
    expect(notShown({ ...ct, '00280100': element('US', 32) })).toBe('depth')
  })
})

describe('lossy', () => {
  it('is said by the object or by its transfer syntax', () => {
    expect(isLossy({ '00282110': element('CS', '01') })).toBe(true)
    expect(isLossy({ '00083002': element('UI', '1.2.840.10008.1.2.4.50') })).toBe(true)
    expect(isLossy({ '00282110': element('CS', '00'), '00083002': element('UI', '1.2.840.10008.1.2.4.80') })).toBe(false)
  })
})

describe('a palette', () => {
  it('may be packed in bytes or in words with the level above', () => {
    expect([...levels(Uint8Array.of(1, 2, 3, 4), 4)]).toEqual([1, 2, 3, 4])
    expect([...levels(Uint8Array.of(0, 1, 0, 255), 2)]).toEqual([1, 255])
    expect([...levels(Uint8Array.of(1, 0, 255, 0), 2)]).toEqual([1, 255])
  })
})
