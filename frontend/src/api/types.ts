/** The shapes the server answers with, as the pages use them. Times are ISO 8601 in UTC. */

export type Language = 'zh-CN' | 'en'

export type CaseState =
  | 'draft'
  | 'submitted'
  | 'awaiting_images'
  | 'returned'
  | 'queued'
  | 'assigned'
  | 'accepted'
  | 'scheduled'
  | 'in_progress'
  | 'preliminary'
  | 'in_review'
  | 'signed'
  | 'delivered'
  | 'acknowledged'
  | 'closed'
  | 'rejected'
  | 'withdrawn'
  | 'cancelled'
  | 'expired'
  | 'entered_in_error'

export type Priority = 'emergency' | 'urgent' | 'routine'
export type ServiceType = 'teleconsultation' | 'telediagnosis' | 'mdt'
export type Queue = 'mine' | 'pool' | 'site'
export type Sex = 'M' | 'F' | 'O'

export interface Named {
  zh: string
  en: string
}

export interface Session {
  person: { id: string; username: string; name: string }
  name: string
  roles: string[]
  institution: { code: string; name: Named }
  language: Language | null
  csrf: string | null
}

/** An institution, its name in the reader's language. */
export interface SiteRef {
  code: string
  name: string
}

export interface Institution {
  code: string
  name: Named
  kind: string
  /** Those it may ask today; told to itself, its centre and the platform. */
  agreements: string[]
}

export interface Patient {
  name: string
  /** `M`, `F` or `O`. */
  sex: string
  birth_date?: string | null
  id_number?: string
  phone?: string
}

export interface Party {
  id: string
  name: string
}

export interface Clock {
  name: string
  label: string
  due_at: string | null
  limit_s: number | null
  used_s: number
  running: boolean
  breached: boolean
}

export interface MissingPart {
  sentence: string
  instance_number?: number | null
  position_mm?: number | null
}

/** receiving, complete, short, quiet, or none (nothing arrived). */
export type CompletenessStatus = string

export interface Completeness {
  status: CompletenessStatus
  expected?: number | null
  received: number
  missing: MissingPart[]
  conflicts: string[]
}

export interface SeriesFacts {
  series_uid: string
  number: number | null
  modality: string
  description: string
  body_part: string
  instances: number
  slice_thickness_mm: number | null
  spacing_mm: number | null
  lossy: boolean
  tilt_deg: number | null
  completeness: Completeness
}

export interface Study {
  study_uid: string
  patient: Patient
  charset_guessed: boolean
  modalities: string[]
  modality: string
  description: string
  body_part: string
  study_date: string
  arrived_at: string | null
  completeness: Completeness
  series: SeriesFacts[]
  role?: 'current' | 'prior'
}

/** A study as a case holds it: current, or a prior one of the same patient. */
export type CaseStudy = Study

export interface CaseRow {
  id: string
  number: string
  state: CaseState
  version: number
  priority: Priority
  service_type: ServiceType
  patient: Patient
  question: string
  modality: string
  body_part: string
  requesting_site: SiteRef
  performing_site: SiteRef
  requester: Party
  assignee: Party | null
  due_at: string | null
  clocks: Clock[]
  created_at: string
  updated_at: string
  next_move: string | null
  /** How many critical findings nobody has read back. */
  alerts: number
  images: ImagesGlance
}

export interface ImagesGlance {
  status: CompletenessStatus
  received: number
  expected?: number | null
}

export interface Need {
  code: string
  met: boolean
  sentence: string
  /** The ask whose answer settles this need, where one does. */
  settled_by: string | null
}

export interface Move {
  verb: string
  label: string
  needs: Need[]
  reason: boolean
  /** Names of what the move wants to be told; `reason` is among them where it is required. */
  asks: string[]
}

export interface WhyReason {
  code: string
  sentence: string
  points?: number
}

/** What the router thought of one person; `person` is the name. */
export interface Candidate {
  person_id: string
  person: string
  chosen: boolean
  score: number
  reasons: WhyReason[]
  excluded: WhyReason[]
}

export interface ReportVersion {
  version: number
  kind: string
  label: string
  state: string
  number: string
  signed_at: string
  signers: string[]
  newest: boolean
}

export interface CaseReport {
  id: string
  state: string | null
  label: string
  revision: number
  version: number
  saved_at: string | null
  saved_by: string | null
  technique: string
  comparison: string
  findings: string
  impression: string
  recommendation: string
  versions: ReportVersion[]
}

export interface CriticalAlert {
  finding: string
  state: string
  detected_at: string
  detected_by: Party
  acknowledged_by?: Party | null
  acknowledged_at?: string | null
  read_back?: string
}

export interface CaseDetail extends Omit<CaseRow, 'images' | 'next_move' | 'alerts'> {
  label: string
  clinical_history: string
  exam_started: string | null
  images_follow: boolean
  consent: { by: string; at: string } | null
  author: Party | null
  reviewer: Party | null
  appointment_at: string | null
  escalation_level: number
  last_reason: string
  asked: Asked[]
  outcome: string
  studies: Study[]
  moves: Move[]
  report: CaseReport | null
  alerts: CriticalAlert[]
  why: Candidate[]
}

/** One thing that was asked for when the case was returned, and the answer. */
export interface Asked {
  item: string
  answer: string
  declined: boolean
}

export interface CaseEvent {
  seq: number
  at: string
  /** The verb, or `create`. */
  kind: string
  label: string
  by: string
  version: number
  from_state: CaseState | null
  to_state: CaseState | null
  reason: string
}

export interface NewCase {
  service_type: ServiceType
  priority: Priority
  performing_site: string
  patient: Patient
  question: string
  clinical_history: string
  exam_started?: string | null
  study_uids: string[]
  images_follow: boolean
  consent: { by: string; at: string } | null
}

export interface Verdict {
  valid: boolean
  reasons: { code: string; sentence: string }[]
  signers: { name: string; at: string | null; intent: string }[]
  document: { number: string; version: number; sha256: string; kind: string } | null
  newest: boolean | null
}

export interface Fact {
  seq: number
  case_id: string
  kind: string
  at: string
}

export interface Page<T> {
  items: T[]
  next: string | null
  total?: number
}
