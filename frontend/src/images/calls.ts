/** What the pages ask about the proof of images. Each throws Problem when it cannot be answered. */
import { api, type Schema, type Told, told } from '@/api/client'

export type Conflicts = Told<Schema['ConflictsOut']>
export type Conflict = Conflicts['items'][number]
export type ImageVersion = Conflict['versions'][number]
export type Match = Told<Schema['MatchOut']>

export const proof = {
  conflicts: (uid: string): Promise<Conflicts> => told(api.GET('/api/v1/studies/{study_uid}/conflicts', { params: { path: { study_uid: uid } } })),
  choose: (uid: string, sop_uid: string, sha256: string, reason: string): Promise<Conflicts> =>
    told(api.POST('/api/v1/studies/{study_uid}/conflicts', { params: { path: { study_uid: uid } }, body: { sop_uid, sha256, reason } })),
  picture: (uid: string, sop_uid: string, sha256: string): string => `/api/v1/studies/${uid}/conflicts/${sop_uid}/${sha256}/picture`,
  matches: (caseId: string) => told(api.GET('/api/v1/cases/{case_id}/patient-matches', { params: { path: { case_id: caseId } } })),
  /** What may be taken away of a case's images: how much, or why not. */
  offer: (caseId: string) => told(api.GET('/api/v1/cases/{case_id}/exports', { params: { path: { case_id: caseId } } })),
  zip: (caseId: string): string => `/api/v1/cases/${caseId}/exports/dicom.zip`,
}
