import { describe, expect, it } from 'vitest'

import type { CaseDetail, Study } from '@/api/types'

import { bodyOf, emptyForm, fillFrom, fillFromIdNumber, formOf, lacksOf, otherNames, type RequestForm, validIdNumber, worthKeeping } from './form'

const TODAY = '2026-11-24'
const NOW = '2026-11-24T06:00:00Z'

function study(name: string, uid = '1.2.3'): Study {
  return {
    study_uid: uid,
    patient: { name, sex: 'M', birth_date: '19580312', id_number: '', phone: '' },
    charset_guessed: false,
    body_part: 'HEAD',
    modality: 'CT',
    modalities: ['CT'],
    description: '头部平扫',
    study_date: '20261124',
    arrived_at: NOW,
    completeness: { status: 'complete', expected: 140, received: 140, missing: [], conflicts: [], notices: [], claims: [], copies: 0, undecided: 0, line: '', advice: '', unit: '幅' },
    series: [],
    role: 'current',
  }
}

function complete(): RequestForm {
  const form = emptyForm('k')
  form.performing_site = 'GUIYANG'
  form.patient = { name: '王建国', sex: 'M', birth_date: '1958-03-12', id_number: '', phone: '' }
  form.question = '是否需要手术？'
  form.clinical_history = '突发头痛 3 小时'
  form.study_uids = ['1.2.3']
  form.consent = { who: 'patient', name: '', given: true, at: '' }
  return form
}

describe('a request', () => {
  it('names everything that is missing, in the order of the page', () => {
    expect(lacksOf(emptyForm('k'), TODAY).map((lack) => lack.field)).toEqual([
      'study_uids',
      'patient.name',
      'patient.sex',
      'patient.birth_date',
      'question',
      'clinical_history',
      'performing_site',
      'consent',
    ])
    expect(lacksOf(complete(), TODAY)).toEqual([])
  })
  it('may say that images follow instead of choosing a study', () => {
    const form = { ...complete(), study_uids: [], images_follow: true }
    expect(lacksOf(form, TODAY)).toEqual([])
  })
  it('in an emergency asks little, but a number to call', () => {
    const form = { ...emptyForm('k'), priority: 'emergency' as const, performing_site: 'GUIYANG' }
    expect(lacksOf(form, TODAY).map((lack) => lack.field)).toEqual(['study_uids', 'patient.name', 'patient.sex', 'patient.phone', 'question'])
  })
  it('wants the name of the relative who consents', () => {
    const form = complete()
    form.consent.who = 'relative'
    expect(lacksOf(form, TODAY)).toEqual([{ field: 'consent', reason: 'relative' }])
  })
  it('refuses a birth date to come', () => {
    const form = complete()
    form.patient.birth_date = '2026-11-25'
    expect(lacksOf(form, TODAY)).toEqual([{ field: 'patient.birth_date', reason: 'future' }])
  })
})

describe('an identity number', () => {
  it('is checked by its last character', () => {
    expect(validIdNumber('11010519491231002X')).toBe(true)
    expect(validIdNumber('11010519491231002x')).toBe(true)
    expect(validIdNumber('110105194912310021')).toBe(false)
    expect(validIdNumber('1101051949123100')).toBe(false)
  })
  it('tells birth date and sex, without overwriting what was typed', () => {
    const form = emptyForm('k')
    form.patient.id_number = '11010519491231002X'
    form.patient.sex = 'M'
    fillFromIdNumber(form)
    expect(form.patient).toMatchObject({ birth_date: '1949-12-31', sex: 'M' })
  })
})

describe('a chosen study', () => {
  it('fills what is empty and leaves what was typed', () => {
    const form = emptyForm('k')
    form.patient.name = '王健国'
    fillFrom(form, study('王建国'))
    expect(form.patient).toMatchObject({ name: '王健国', sex: 'M', birth_date: '1958-03-12' })
  })
  it('of another patient is noticed', () => {
    const form = { ...complete(), study_uids: ['1.2.3'] }
    expect(otherNames(form, [study('王 建国')])).toEqual([])
    expect(otherNames(form, [study('李梅'), study('赵四', '9.9')])).toEqual(['李梅'])
  })
})

describe('what is sent', () => {
  it('carries consent with who and when, and no time that was not given', () => {
    const body = bodyOf(complete(), '患者本人', NOW)
    expect(body.consent).toEqual({ by: '患者本人', at: NOW })
    expect(body.patient).toEqual({ name: '王建国', sex: 'M', birth_date: '1958-03-12', id_number: '', phone: '' })
    expect(body.exam_started).toBeNull()
  })
  it('carries no consent that was not given', () => {
    const form = complete()
    form.consent = { who: 'later', name: '', given: true, at: '' }
    expect(bodyOf(form, '患者本人', NOW).consent).toBeNull()
  })
})

describe('a case that is edited', () => {
  const detail = {
    priority: 'urgent',
    service_type: 'telediagnosis',
    performing_site: { code: 'GUIYANG', name: '' },
    patient: { name: '王建国', sex: 'M', birth_date: '1958-03-12', id_number: '', phone: '' },
    question: '?',
    clinical_history: '',
    exam_started: null,
    patient_class: 'emergency',
    images_follow: false,
    modality: 'CT',
    body_part: 'HEAD',
    studies: [study('王建国'), { ...study('王建国', '9.9'), role: 'prior' }],
    consent: { by: '患者本人', at: NOW },
  } as unknown as CaseDetail

  it('comes back as it was asked, without the prior studies', () => {
    const form = formOf(detail, 'k', ['患者本人', 'the patient'])
    expect(form.study_uids).toEqual(['1.2.3'])
    expect(form.consent).toEqual({ who: 'patient', name: '', given: true, at: NOW })
    expect(bodyOf(form, '患者本人', NOW)).toMatchObject({ modality: 'CT', consent: { by: '患者本人', at: NOW } })
  })
  it('keeps the name of a relative who consented', () => {
    const form = formOf({ ...detail, consent: { by: '李梅（配偶）', at: NOW } }, 'k', ['患者本人'])
    expect(form.consent).toMatchObject({ who: 'relative', name: '李梅（配偶）' })
  })
})

describe('a draft', () => {
  it('is kept only once something was written', () => {
    expect(worthKeeping(emptyForm('k'))).toBe(false)
    expect(worthKeeping({ ...emptyForm('k'), question: '?' })).toBe(true)
  })
})
