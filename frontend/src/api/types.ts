/** The shapes the server answers with, by the names the pages use. Times are ISO 8601 in UTC. */
import type { Priority, ServiceType, State, Verb } from '@/generated/workflow'

import type { Schema, Told } from './client'

export type { Priority, ServiceType, Verb }
export type CaseState = State
export type Language = 'zh-CN' | 'en'
export type Sex = 'M' | 'F' | 'O'
/** `all`: no queue, everything that one may see. */
export type Queue = 'mine' | 'pool' | 'site' | 'all'

export type Session = Told<Schema['SessionOut']>
export type Named = Told<Schema['NamesOut']>
export type Institution = Told<Schema['SiteOut']>
export type SiteRef = Told<Schema['Site']>
export type Patient = Told<Schema['PatientOut']>
export type Party = Told<Schema['PartyOut']>
export type Clock = Told<Schema['ClockOut']>
export type Completeness = Told<Schema['CompletenessOut']>
export type ImagesGlance = Pick<Completeness, 'status' | 'received' | 'expected'> & Partial<Pick<Completeness, 'unit'>>
export type SeriesFacts = Told<Schema['SeriesOut']>
export type Study = Told<Schema['StudyOut']>
export type Need = Told<Schema['NeedOut']>
export type Move = Omit<Told<Schema['MoveOut']>, 'verb'> & { verb: Verb }
export type Asked = Told<Schema['AskedOut']>
export type CriticalAlert = Told<Schema['AlertOut']>
export type CaseReport = Told<Schema['ReportOut']>
export type ReportVersion = Told<Schema['VersionOut']>
export type Verdict = Told<Schema['VerdictOut']>
export type CaseMember = Told<Schema['MemberOut']>
export type Expert = Told<Schema['ExpertOut']>
export type Opinions = Told<Schema['OpinionsOut']>
export type Fact = Told<Schema['HintOut']>

/** A state that the description calls a string is one of the workflow's. */
type InState<T> = Omit<T, 'state'> & { state: CaseState }

export type CaseRow = InState<Omit<Told<Schema['LineOut']>, 'next_move'>> & { next_move: Verb | null }
export type CaseDetail = InState<Omit<Told<Schema['CaseOut']>, 'moves' | 'room'>> & { moves: Move[] }
export type CaseEvent = Omit<Told<Schema['EventOut']>, 'from_state' | 'to_state'> & { from_state: CaseState | null; to_state: CaseState | null }

/** What the router thought of one person; `person` is the name. */
export type Candidate = Told<Schema['WhyOut']>

export type NewCase = Schema['RequestIn']
export type MoveBody = Schema['MoveIn']

export interface Page<T> {
  items: T[]
  next: string | null
  total?: number
}
