import { describe, expect, it } from 'vitest'

import { minutesAt, withMinutes } from './limits'

const urgent = { clock: 'sign', priority: 'urgent', service: '' }

describe('the limits of a house', () => {
  it('are empty where nothing was decided', () => {
    expect(minutesAt([], urgent)).toBeNull()
  })
  it('are filled in, changed and emptied cell by cell', () => {
    const one = withMinutes([], urgent, 90, 'always')
    expect(one).toEqual([{ clock: 'sign', priority: 'urgent', service_type: '', seconds: 5400, pace: 'always' }])
    const two = withMinutes(one, { ...urgent, service: 'mdt' }, 30, 'business')
    expect([minutesAt(two, urgent), minutesAt(two, { ...urgent, service: 'mdt' })]).toEqual([90, 30])
    expect(withMinutes(two, urgent, null, 'always')).toHaveLength(1)
  })
  it('keep the pace that a house chose', () => {
    const kept = [{ clock: 'accept', priority: 'routine', service_type: '', seconds: 60, pace: 'business' }]
    expect(withMinutes(kept, { clock: 'accept', priority: 'routine', service: '' }, 5, 'always')[0]).toMatchObject({ seconds: 300, pace: 'business' })
  })
})
