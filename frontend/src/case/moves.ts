/** Sorts a case's moves into the buttons of the page, and says which can be pressed. */
import type { Asked, CaseDetail, CriticalAlert, Move, Need } from '@/api/types'

import { seatsFit, type Seat } from './members'
import { emptyRest, restBody, type Rest } from './rest'
import { FIRST, mannerOf, type Place, type Weight } from './verbs'

export interface Button {
  move: Move
  weight: Weight
  place: Place
  /** Needs that must be met before; those that an answer in its dialog settles are not among them. */
  blocked: Need[]
}

function settledInDialog(need: Need, move: Move): boolean {
  return need.settled_by != null && move.asks.includes(need.settled_by)
}

export function buttonOf(move: Move): Button {
  const { weight, place } = mannerOf(move.verb)
  return { move, weight, place, blocked: move.needs.filter((need) => !need.met && !settledInDialog(need, move)) }
}

/** Steps that lead on come first, those that can be taken before those that cannot; the rest is for the menu. */
export function sortedButtons(moves: Move[]): { forward: Button[]; rest: Button[] } {
  const buttons = moves.map(buttonOf)
  const forward = buttons.filter((button) => button.weight === 'forward')
  const place = (button: Button): number => (button.blocked.length > 0 ? 2 : FIRST.has(button.move.verb) ? 0 : 1)
  forward.sort((one, other) => place(one) - place(other))
  const order: Record<Weight, number> = { forward: 0, side: 1, stop: 2 }
  const rest = buttons.filter((button) => button.weight !== 'forward').sort((one, other) => order[one.weight] - order[other.weight])
  return { forward, rest }
}

/** Whether there is a critical finding that nobody has read back yet. */
export function openAlert(detail: CaseDetail): boolean {
  return detail.alerts.some((alert) => alert.state !== 'acknowledged' && alert.state !== 'handled')
}

/** The critical findings that a move can be about. */
export function alertsFor(verb: string, detail: CaseDetail): CriticalAlert[] {
  return detail.alerts.filter((alert) => (verb === 'handle_alert' ? alert.state === 'acknowledged' : alert.acknowledged_at == null))
}

/** The questions the dialog of a move has to put: what it asks for, less what does not arise on this case. */
export function questionsOf(move: Move, detail: CaseDetail): string[] {
  const asks = move.asks.filter((ask) => {
    if (ask === 'finding') return detail.alerts.length > 1
    if (ask === 'read_back') return openAlert(detail)
    if (ask === 'override' || ask === 'patient_override') return move.needs.some((need) => !need.met && need.settled_by === ask)
    return ask !== 'reason'
  })
  return move.reason ? [...asks, 'reason'] : asks
}

export interface Answers {
  reason: string
  items: string[]
  itemsOther: string
  answers: { answer: string; declined: boolean }[]
  priority: string
  modality: string
  body_part: string
  override: boolean
  patient_override: string
  assignee: string
  appointment_at: Date | null
  kind: string
  read_back: string
  outcome: string
  question: string
  performing_site: string
  study_uids: string[]
  concordance: string
  critical: string
  finding: string
  receiver: string
  channel: string
  reached: boolean
  handling: string
  request: Rest
  members: Seat[]
}

/** What came of it is one thing or the other: an outcome without either says nothing. */
export function saysNothing(verb: string, answers: Answers): boolean {
  return verb === 'give_outcome' && answers.outcome.trim() === '' && answers.concordance === ''
}

export function emptyAnswers(detail: CaseDetail): Answers {
  return {
    reason: '',
    items: [],
    itemsOther: '',
    answers: detail.asked.map((asked: Asked) => ({ answer: asked.answer, declined: asked.declined })),
    priority: detail.priority,
    modality: detail.modality,
    body_part: detail.body_part,
    override: false,
    patient_override: '',
    assignee: '',
    appointment_at: null,
    kind: 'corrected',
    read_back: '',
    outcome: detail.outcome,
    question: '',
    performing_site: '',
    study_uids: [],
    concordance: detail.concordance,
    critical: '',
    finding: '',
    receiver: detail.requester.name,
    channel: 'phone',
    reached: true,
    handling: '',
    request: emptyRest(),
    members: detail.members.map((one) => ({ person: one.person.id, specialty: one.specialty, role: one.role })),
  }
}

/** Everything that was asked for, ticked or written, each once. */
export function itemsOf(answers: Answers): string[] {
  const written = answers.itemsOther.split('\n').map((line) => line.trim())
  return [...new Set([...answers.items, ...written])].filter((item) => item !== '')
}

/** Key under `move.ask` of what is lacking, by question; empty when the dialog can be sent. */
export function lacking(questions: string[], answers: Answers, nowMs: number): Partial<Record<string, string>> {
  const checks: Record<string, [bad: boolean, key: string]> = {
    reason: [answers.reason.trim() === '', 'needReason'],
    patient_override: [answers.patient_override.trim() === '', 'needReason'],
    items: [itemsOf(answers).length === 0, 'needItems'],
    answers: [answers.answers.some((one) => !one.declined && one.answer.trim() === ''), 'needAnswers'],
    assignee: [answers.assignee === '', 'needAssignee'],
    appointment_at: [answers.appointment_at === null || answers.appointment_at.getTime() <= nowMs, 'needTime'],
    read_back: [answers.read_back.trim() === '', 'needReadBack'],
    question: [answers.question.trim() === '', 'needQuestion'],
    performing_site: [answers.performing_site === '', 'needSite'],
    study_uids: [answers.study_uids.length === 0, 'needStudies'],
    critical: [answers.critical.trim() === '', 'needCritical'],
    finding: [answers.finding === '', 'needFinding'],
    receiver: [answers.receiver.trim() === '', 'needReceiver'],
    members: [!seatsFit(answers.members), 'needMembers'],
    handling: [answers.handling.trim() === '', 'needHandling'],
  }
  const found = questions.flatMap((question) => {
    const check = checks[question]
    return check?.[0] === true ? [[question, check[1]] as const] : []
  })
  return Object.fromEntries(found)
}

/** The answers as the moves endpoint wants them: only those that were asked. */
export function sayOf(questions: string[], answers: Answers, detail: CaseDetail): Record<string, unknown> {
  const values: Record<string, unknown> = {
    ...answers,
    items: itemsOf(answers),
    reason: answers.reason.trim(),
    patient_override: answers.patient_override.trim(),
    read_back: answers.read_back.trim(),
    outcome: answers.outcome.trim(),
    question: answers.question.trim(),
    appointment_at: answers.appointment_at?.toISOString() ?? null,
    concordance: answers.concordance || null,
    critical: { finding: answers.critical.trim() },
    request: restBody(detail, answers.request),
  }
  return Object.fromEntries(questions.map((question) => [question, values[question]]))
}
