/** The one large answer for a verdict, and whether the file is the one that the QR code names. */
import type { Verdict } from '@/api/types'

export interface Answer {
  kind: 'valid' | 'old' | 'invalid'
  /** Keys under `verify`. */
  word: 'valid' | 'validOld' | 'invalid'
  text: 'validText' | 'oldText' | 'invalidText'
  mismatch: boolean
}

/** `asked` is the number of the QR code that led here; empty when nothing led here. */
export function answerOf(verdict: Verdict, asked: string): Answer {
  const found = verdict.document?.number ?? ''
  const mismatch = verdict.valid && asked !== '' && found !== '' && found !== asked
  if (!verdict.valid || mismatch) return { kind: 'invalid', word: 'invalid', text: 'invalidText', mismatch }
  if (verdict.newest === false) return { kind: 'old', word: 'validOld', text: 'oldText', mismatch: false }
  return { kind: 'valid', word: 'valid', text: 'validText', mismatch: false }
}
