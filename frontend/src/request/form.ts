/** The request as it is being written: what a study or an identity number tells, what is missing, what is sent. */
import type { CaseDetail, NewCase, Priority, ServiceType, Sex, Study } from '@/api/types'
import { day } from '@/look/time'

export type PatientClass = CaseDetail['patient_class']
export type ConsentBy = 'patient' | 'relative' | 'later'

export interface RequestForm {
  priority: Priority
  service_type: ServiceType
  performing_site: string
  patient: { name: string; sex: Sex | ''; birth_date: string; id_number: string; phone: string }
  question: string
  clinical_history: string
  exam_started: string
  patient_class: PatientClass
  study_uids: string[]
  images_follow: boolean
  /** Only of a case that exists; a new one learns both from its images. */
  modality: string
  body_part: string
  consent: { who: ConsentBy; name: string; given: boolean; at: string }
  /** Sent with the creation, so that one request cannot be created twice. */
  key: string
}

export function emptyForm(key: string): RequestForm {
  return {
    priority: 'routine',
    service_type: 'teleconsultation',
    performing_site: '',
    patient: { name: '', sex: '', birth_date: '', id_number: '', phone: '' },
    question: '',
    clinical_history: '',
    exam_started: '',
    patient_class: '',
    study_uids: [],
    images_follow: false,
    modality: '',
    body_part: '',
    consent: { who: 'patient', name: '', given: false, at: '' },
    key,
  }
}

function sexOf(told: string): Sex | '' {
  return told === 'M' || told === 'F' || told === 'O' ? told : ''
}

function filled(patient: RequestForm['patient']): boolean {
  return Object.values(patient).some((value) => value !== '')
}

/** Whether there is anything in it that its writer would miss. */
export function worthKeeping(form: RequestForm): boolean {
  return filled(form.patient) || form.question !== '' || form.clinical_history !== '' || form.study_uids.length > 0 || form.consent.given
}

/** The form of a case that exists, for editing it; `selves` are the words by which a patient consents for themselves. */
export function formOf(detail: CaseDetail, key: string, selves: string[]): RequestForm {
  const { patient, consent } = detail
  return {
    priority: detail.priority,
    service_type: detail.service_type,
    performing_site: detail.performing_site.code,
    patient: {
      name: patient.name,
      sex: sexOf(patient.sex),
      birth_date: patient.birth_date ? day(patient.birth_date) : '',
      id_number: patient.id_number ?? '',
      phone: patient.phone ?? '',
    },
    question: detail.question,
    clinical_history: detail.clinical_history,
    exam_started: detail.exam_started ?? '',
    patient_class: detail.patient_class,
    study_uids: detail.studies.filter((study) => study.role !== 'prior').map((study) => study.study_uid),
    images_follow: detail.images_follow,
    modality: detail.modality,
    body_part: detail.body_part,
    consent: consentFormOf(consent, selves),
    key,
  }
}

function consentFormOf(consent: CaseDetail['consent'], selves: string[]): RequestForm['consent'] {
  if (consent === null) return { who: 'patient', name: '', given: false, at: '' }
  const self = selves.includes(consent.by)
  return { who: self ? 'patient' : 'relative', name: self ? '' : consent.by, given: true, at: consent.at }
}

/** Fills what is still empty from the study's own patient data; what was typed stays. */
export function fillFrom(form: RequestForm, study: Study): void {
  const { patient } = form
  patient.name ||= study.patient.name
  patient.sex ||= sexOf(study.patient.sex)
  patient.birth_date ||= study.patient.birth_date ? day(study.patient.birth_date) : ''
}

function sameName(one: string, other: string): boolean {
  const plain = (name: string): string => name.normalize('NFKC').replace(/[\s^=·]/g, '').toLowerCase()
  return plain(one) === plain(other)
}

/** Names on the chosen studies that are not the patient's as written: the wrong study, or the wrong patient. */
export function otherNames(form: RequestForm, studies: Study[]): string[] {
  const names = studies.filter((study) => form.study_uids.includes(study.study_uid)).map((study) => study.patient.name)
  if (form.patient.name.trim() === '') return []
  return [...new Set(names.filter((name) => name !== '' && !sameName(name, form.patient.name)))]
}

const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const ID_CHECKS = '10X98765432'

/** Whether a resident identity number of 18 places has its right check character (GB 11643-1999). */
export function validIdNumber(text: string): boolean {
  if (!/^\d{17}[\dXx]$/.test(text)) return false
  const sum = ID_WEIGHTS.reduce((total, weight, index) => total + weight * Number(text[index]), 0)
  return ID_CHECKS[sum % 11] === text[17]?.toUpperCase()
}

/** Birth date and sex stand in the identity number; they fill what is still empty. */
export function fillFromIdNumber(form: RequestForm): void {
  const { id_number: text } = form.patient
  if (!validIdNumber(text)) return
  form.patient.birth_date ||= `${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`
  form.patient.sex ||= Number(text[16]) % 2 === 1 ? 'M' : 'F'
}

/** The emergency form is short: name, question, images, and a number to call. */
export function isShort(form: RequestForm): boolean {
  return form.priority === 'emergency'
}

export interface Lack {
  field: string
  /** Key under `request.lack`. */
  reason: string
}

function lacksIf(lacking: boolean, field: string, reason = field): Lack[] {
  return lacking ? [{ field, reason }] : []
}

/** What must still be filled in, in the order of the page. `today` is YYYY-MM-DD. */
export function lacksOf(form: RequestForm, today: string): Lack[] {
  const short = isShort(form)
  const { patient } = form
  const reachable = patient.phone.trim() !== '' || patient.id_number.trim() !== ''
  return [
    ...lacksIf(form.study_uids.length === 0 && !form.images_follow, 'study_uids'),
    ...lacksIf(patient.name.trim() === '', 'patient.name'),
    ...lacksIf(patient.sex === '', 'patient.sex'),
    ...lacksIf(!short && patient.birth_date === '', 'patient.birth_date'),
    ...lacksIf(patient.birth_date > today, 'patient.birth_date', 'future'),
    ...lacksIf(patient.id_number !== '' && !validIdNumber(patient.id_number), 'patient.id_number', 'id'),
    ...lacksIf(short && !reachable, 'patient.phone', 'reach'),
    ...lacksIf(form.question.trim() === '', 'question'),
    ...lacksIf(!short && form.clinical_history.trim() === '', 'clinical_history'),
    ...lacksIf(form.performing_site === '', 'performing_site'),
    ...lacksIf(form.consent.who !== 'later' && !form.consent.given && !short, 'consent', 'consent'),
    ...lacksIf(form.consent.given && form.consent.who === 'relative' && form.consent.name.trim() === '', 'consent', 'relative'),
  ]
}

function patientOf({ patient }: RequestForm): NewCase['patient'] {
  return {
    name: patient.name.trim(),
    sex: patient.sex === '' ? 'O' : patient.sex,
    birth_date: patient.birth_date === '' ? null : patient.birth_date,
    id_number: patient.id_number.toUpperCase(),
    phone: patient.phone.trim(),
  }
}

/** The request as the server wants it; `self` is how the patient is named as the one who consents. */
export function bodyOf(form: RequestForm, self: string, nowIso: string): NewCase {
  const { consent } = form
  const by = consent.who === 'patient' ? self : consent.name.trim()
  return {
    service_type: form.service_type,
    priority: form.priority,
    performing_site: form.performing_site,
    patient: patientOf(form),
    question: form.question.trim(),
    clinical_history: form.clinical_history.trim(),
    exam_started: form.exam_started === '' ? null : form.exam_started,
    patient_class: form.patient_class,
    study_uids: form.study_uids,
    images_follow: form.images_follow,
    modality: form.modality,
    body_part: form.body_part,
    consent: consent.given && consent.who !== 'later' ? { by, at: consent.at || nowIso } : null,
  }
}
