import { describe, expect, it } from 'vitest'

import type { Clock } from '@/api/types'

import { age, clocksToShow, day, duration, faceOf, moment, stamp, tightest } from './time'

const clock = (some: Partial<Clock>): Clock => ({ name: 'consult', limit_s: 1800, label: '会诊用时', due_at: null, used_s: 0, running: true, breached: false, ...some })

describe('a clock', () => {
  it('goes on from what the server said', () => {
    expect(faceOf(clock({ used_s: 600 }), 0, 480_000)).toMatchObject({ tone: 'calm', usedS: 1080, leftS: 720 })
  })
  it('turns amber at four fifths and red only after its limit', () => {
    expect(faceOf(clock({ used_s: 1439 }), 0, 0).tone).toBe('calm')
    expect(faceOf(clock({ used_s: 1440 }), 0, 0).tone).toBe('amber')
    expect(faceOf(clock({ used_s: 1800 }), 0, 0).tone).toBe('amber')
    expect(faceOf(clock({ used_s: 1800 }), 0, 1_000)).toMatchObject({ tone: 'late', share: 1, leftS: -1 })
  })
  it('stands still while paused, whatever time passes', () => {
    expect(faceOf(clock({ used_s: 600, running: false }), 0, 9000_000)).toMatchObject({ tone: 'paused', leftS: 1200 })
  })
  it('stays red when it was missed and stopped', () => {
    expect(faceOf(clock({ used_s: 2000, running: false, breached: true }), 0, 0).tone).toBe('late')
  })
  it('that counts business hours tells the wall time left, and does not fill overnight', () => {
    const overnight = clock({ limit_s: 3600, used_s: 1800, due_at: '1970-01-01T15:30:00Z' })
    expect(faceOf(overnight, 0, 0)).toMatchObject({ tone: 'calm', leftS: 55_800, share: 0.5 })
    expect(faceOf(overnight, 0, 7_200_000)).toMatchObject({ tone: 'calm', leftS: 48_600, share: 0.5 })
  })
  it('without a limit has no bar', () => {
    expect(faceOf(clock({ limit_s: null }), 0, 60_000)).toEqual({ tone: 'open', share: 0, usedS: 60, leftS: null })
  })
})

describe('the clock shown where there is room for one', () => {
  it('is the running one that ends first', () => {
    const consult = clock({ name: 'consult', limit_s: 14_400, used_s: 100 })
    const accept = clock({ name: 'accept', limit_s: 600, used_s: 50 })
    expect(tightest([consult, accept, clock({ name: 'x', limit_s: 10, running: false })])?.name).toBe('accept')
  })
  it('is the paused limit rather than a running clock that has none', () => {
    const paused = clock({ name: 'consult', used_s: 60, running: false })
    expect(tightest([clock({ name: 'patient', limit_s: null, used_s: 90 }), paused])?.name).toBe('consult')
  })
  it('falls back to the one that counted, and to none', () => {
    expect(tightest([clock({ used_s: 0, running: false, name: 'a' }), clock({ used_s: 9, running: false, name: 'b' })])?.name).toBe('b')
    expect(tightest([])).toBeNull()
  })
})

describe('the clocks of a case', () => {
  it('are the consult and the patient clock, and one more that tells something else', () => {
    const consult = clock({ name: 'consult', limit_s: 1800, used_s: 60 })
    const patient = clock({ name: 'patient', limit_s: 7200, used_s: 900 })
    const sign = clock({ name: 'sign', limit_s: 1800, used_s: 58 })
    const accept = clock({ name: 'accept', limit_s: 180, used_s: 20 })
    expect(clocksToShow([consult, patient, sign]).map((one) => one.name)).toEqual(['consult', 'patient'])
    expect(clocksToShow([sign, accept, patient, consult]).map((one) => one.name)).toEqual(['consult', 'patient', 'accept'])
    expect(clocksToShow([clock({ name: 'delivery', running: false, used_s: 0 })])).toEqual([])
  })
})

describe('a length of time', () => {
  it.each([
    [12, '不到 1 分'],
    [720, '12 分'],
    [4800, '1 小时 20 分'],
    [7200, '2 小时'],
    [183_600, '2 天 3 小时'],
    [-300, '5 分'],
  ])('%s s is %s', (seconds, words) => {
    expect(duration(seconds, 'zh-CN')).toBe(words)
  })
})

describe('a moment', () => {
  const now = new Date('2026-11-24T06:40:00Z')
  it('is shown in Chinese time, as near as it is', () => {
    expect(moment('2026-11-24T06:32:08Z', 'zh-CN', now)).toBe('14:32')
    expect(moment('2026-11-23T15:59:00Z', 'zh-CN', now)).toBe('昨天 23:59')
    expect(moment('2026-11-20T01:05:00Z', 'zh-CN', now)).toBe('11月20日 09:05')
    expect(moment('2025-01-02T01:05:00Z', 'zh-CN', now)).toBe('2025年1月2日 09:05')
  })
  it('crosses midnight where the hospital is, not where the server is', () => {
    expect(moment('2026-11-23T16:01:00Z', 'zh-CN', now)).toBe('00:01')
  })
  it('in full, for records', () => {
    expect(stamp('2026-11-24T06:32:08Z')).toBe('2026-11-24 14:32:08')
  })
})

describe('an age', () => {
  const now = new Date('2026-11-24T06:40:00Z')
  it.each([
    ['1958-11-25', '67岁'],
    ['1958-11-24', '68岁'],
    ['2025-03-01', '20个月'],
    ['2026-11-14', '10天'],
    ['19581124', '68岁'],
    ['', ''],
    ['2030-01-01', ''],
  ])('born %s is %s', (born, words) => {
    expect(age(born, 'zh-CN', now)).toBe(words)
  })
  it('reads a DICOM day', () => {
    expect(day('20261124')).toBe('2026-11-24')
  })
})
