/** Names in the reader's language. */
import type { Named } from '@/api/types'
import { currentLanguage } from '@/i18n'

/** A name told in both languages, in the reader's; the other one where theirs is empty. */
export function nameOf(named: Named | undefined): string {
  if (named === undefined) return ''
  return currentLanguage() === 'en' ? named.en || named.zh : named.zh || named.en
}
