/** The languages: Chinese first, English complete; the person's choice is kept on this machine and on the server. */
import { createI18n } from 'vue-i18n'

import type { Language } from '@/api/types'
import { wire } from '@/api/wire'

import { messages } from './messages'

const KEPT_AS = 'consult.language'
export const LANGUAGES: readonly Language[] = ['zh-CN', 'en']

function isLanguage(value: unknown): value is Language {
  return LANGUAGES.includes(value as Language)
}

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT_AS)
  if (isLanguage(kept)) return kept
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith('zh')) || !navigator.language.startsWith('en') ? 'zh-CN' : 'en'
}

export const i18n = createI18n({ legacy: false, locale: firstLanguage(), fallbackLocale: 'zh-CN', messages })

export function currentLanguage(): Language {
  return i18n.global.locale.value
}

/** Shows the pages in `language` from now on, and asks the server for its sentences in it. */
export function speak(language: Language): void {
  i18n.global.locale.value = language
  wire.language = language
  document.documentElement.lang = language
  localStorage.setItem(KEPT_AS, language)
}
