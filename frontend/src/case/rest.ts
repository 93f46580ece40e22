/** The rest of an emergency request: what was left out to be quick, filled in while the case goes on. */
import type { CaseDetail, NewCase } from '@/api/types'
import { serverNow } from '@/look/now'

export interface Rest {
  name: string
  birthDate: string
  idNumber: string
  history: string
  consentBy: string
}

export function emptyRest(): Rest {
  return { name: '', birthDate: '', idNumber: '', history: '', consentBy: '' }
}

/** The whole request again, with what was empty filled in; the server keeps what was there. */
export function restBody(detail: CaseDetail, rest: Rest): NewCase {
  const { patient } = detail
  return {
    service_type: detail.service_type,
    priority: detail.priority,
    performing_site: detail.performing_site.code,
    patient: {
      name: patient.name || rest.name.trim(),
      sex: patient.sex as NewCase['patient']['sex'],
      birth_date: patient.birth_date ?? (rest.birthDate || null),
      id_number: patient.id_number || rest.idNumber.trim(),
      phone: patient.phone,
    },
    question: detail.question,
    clinical_history: detail.clinical_history || rest.history.trim(),
    exam_started: detail.exam_started,
    study_uids: detail.studies.filter((study) => study.role === 'current').map((study) => study.study_uid),
    images_follow: detail.images_follow,
    consent: detail.consent ?? (rest.consentBy.trim() ? { by: rest.consentBy.trim(), at: new Date(serverNow()).toISOString() } : null),
    modality: detail.modality,
    body_part: detail.body_part,
    patient_class: detail.patient_class,
  }
}
