/** How each state, priority and clock looks. A new state without a tone is a type error. */
import type { CaseState, Priority } from '@/api/types'
import { STATES } from '@/generated/workflow'

/** `wait`: someone must act; `run`: at work; `ask`: back to the requester; `done`, `stop`, `plan`, `quiet`. */
export type Tone = 'wait' | 'run' | 'ask' | 'done' | 'stop' | 'plan' | 'quiet'

export const STATE_TONES: Record<CaseState, Tone> = {
  draft: 'quiet',
  submitted: 'wait',
  awaiting_images: 'ask',
  returned: 'ask',
  queued: 'wait',
  assigned: 'wait',
  accepted: 'run',
  scheduled: 'plan',
  in_progress: 'run',
  preliminary: 'run',
  in_review: 'run',
  signed: 'done',
  delivered: 'done',
  acknowledged: 'done',
  closed: 'quiet',
  rejected: 'stop',
  withdrawn: 'quiet',
  cancelled: 'stop',
  expired: 'stop',
  entered_in_error: 'stop',
}

/** Shape tells as much as colour: a hollow ring waits, a half disc works, a full disc is done, a bar is stopped. */
export const TONE_SHAPES: Record<Tone, string> = {
  wait: '○',
  run: '◐',
  ask: '▲',
  done: '●',
  stop: '■',
  plan: '◇',
  quiet: '·',
}

/** States in which the consult clock stands still and goes on later. */
export const PAUSED: ReadonlySet<CaseState> = new Set(['awaiting_images', 'returned'])

export type PriorityShape = 'filled' | 'outlined' | 'plain'

export const PRIORITY_SHAPES: Record<Priority, PriorityShape> = {
  emergency: 'filled',
  urgent: 'outlined',
  routine: 'plain',
}

/** The states in filters and legends, in the order a case lives through them. */
export const STATES_IN_ORDER = Object.keys(STATES) as CaseState[]
