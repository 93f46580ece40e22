/** What each verb of the workflow means to the pages: how weighty its button is, and where it is done. */

/** `forward` leads the case on; `side` changes it; `stop` ends it or sends it back. */
export type Weight = 'forward' | 'side' | 'stop'

/** `read`, `sign`, `edit`: done on that page; `here`: a click or a small dialog on the case page. */
export type Place = 'here' | 'read' | 'sign' | 'edit'

interface Manner {
  weight: Weight
  place: Place
}

const MANNERS: Record<string, Manner> = {
  revise: { weight: 'side', place: 'edit' },
  link_studies: { weight: 'side', place: 'here' },
  accept_invitation: { weight: 'forward', place: 'here' },
  decline_invitation: { weight: 'stop', place: 'here' },
  complete_request: { weight: 'forward', place: 'here' },
  acknowledge_recall: { weight: 'forward', place: 'here' },
  confirm_alert: { weight: 'forward', place: 'here' },
  record_call: { weight: 'forward', place: 'here' },
  session_failed: { weight: 'stop', place: 'here' },
  submit: { weight: 'forward', place: 'here' },
  ask_approval: { weight: 'forward', place: 'here' },
  decline_approval: { weight: 'forward', place: 'here' },
  emergency_submit: { weight: 'forward', place: 'here' },
  resubmit: { weight: 'forward', place: 'here' },
  triage: { weight: 'forward', place: 'here' },
  assign: { weight: 'forward', place: 'here' },
  claim: { weight: 'forward', place: 'here' },
  accept: { weight: 'forward', place: 'here' },
  open: { weight: 'forward', place: 'read' },
  issue_preliminary: { weight: 'side', place: 'sign' },
  submit_for_review: { weight: 'forward', place: 'sign' },
  sign: { weight: 'forward', place: 'sign' },
  co_sign: { weight: 'forward', place: 'sign' },
  acknowledge: { weight: 'forward', place: 'here' },
  close: { weight: 'forward', place: 'here' },
  give_outcome: { weight: 'forward', place: 'here' },
  confirm_entered_in_error: { weight: 'stop', place: 'here' },
  reject: { weight: 'stop', place: 'here' },
  withdraw: { weight: 'stop', place: 'here' },
  cancel: { weight: 'stop', place: 'here' },
  recall: { weight: 'stop', place: 'here' },
  mark_entered_in_error: { weight: 'stop', place: 'here' },
}

/** A verb without a row (schedule, reassign, escalate …) is a side step done on the case page. */
const PLAIN: Manner = { weight: 'side', place: 'here' }

export function mannerOf(verb: string): Manner {
  return MANNERS[verb] ?? PLAIN
}

/** What cannot wait stands before the ordinary next step. */
export const FIRST: ReadonlySet<string> = new Set(['confirm_alert', 'record_call', 'acknowledge_recall'])

/** Verbs that take a case into one's hands: a click in a list does them and goes on to the images. */
export const TAKING: ReadonlySet<string> = new Set(['claim', 'accept'])
