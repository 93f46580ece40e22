/** Who is signed in. The session itself is a cookie the page cannot read; this holds what the server said of it. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { session as calls } from '@/api/calls'
import { asProblem } from '@/api/problem'
import type { Language, Session } from '@/api/types'
import { wire } from '@/api/wire'
import { currentLanguage, LANGUAGES, speak } from '@/i18n'
import { nameOf } from '@/look/names'
import { forgetKeptReports } from '@/report/kept'
import { forgetDrafts } from '@/request/draft'

/** Says that this browser may have a session: without it there is nobody to ask the server about. */
const MARK = 'consult.session'

export const useSession = defineStore('session', () => {
  const current = ref<Session | null>(null)
  const asked = ref(false)

  const roles = computed(() => new Set(current.value?.roles ?? []))
  const personId = computed(() => current.value?.person.id ?? '')
  const name = computed(() => current.value?.person.name ?? '')
  const site = computed(() => current.value?.institution.code ?? '')
  /** Signed in by a one-time password: it is replaced before anything else. */
  const temporary = computed(() => current.value?.temporary ?? false)
  const siteName = computed(() => nameOf(current.value?.institution.name))

  function take(told: Session): void {
    current.value = told
    wire.csrf = told.csrf ?? ''
    localStorage.setItem(MARK, '1')
    if (told.language != null && LANGUAGES.includes(told.language)) speak(told.language)
  }

  /** Asks the server once whether this browser has a session; later calls answer from memory. */
  async function ensure(): Promise<boolean> {
    if (current.value !== null) return true
    if (asked.value || localStorage.getItem(MARK) === null) return false
    try {
      take(await calls.current())
    } catch (reason) {
      if (asProblem(reason).status !== 401) throw reason
      localStorage.removeItem(MARK)
    }
    asked.value = true
    return current.value !== null
  }

  /** What the server says of it by now. */
  async function refresh(): Promise<void> {
    take(await calls.current())
  }

  async function signIn(username: string, password: string, otp?: string): Promise<void> {
    take(await calls.signIn(username, password, otp ?? null))
    asked.value = true
  }

  function drop(): void {
    current.value = null
    wire.csrf = ''
    localStorage.removeItem(MARK)
  }

  async function signOut(): Promise<void> {
    await calls.signOut()
    forgetDrafts()
    forgetKeptReports()
    drop()
  }

  async function choose(language: Language): Promise<void> {
    if (language === currentLanguage()) return
    try {
      // the server first: what is asked again for the new language must come in it
      if (current.value !== null) await calls.speak(language)
    } finally {
      speak(language)
    }
  }

  const is = (...any: string[]): boolean => any.some((role) => roles.value.has(role))

  return { current, roles, personId, name, site, siteName, temporary, ensure, refresh, signIn, signOut, drop, choose, is }
})
