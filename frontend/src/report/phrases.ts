/** The phrases at hand while writing: fetched once a device and part, one's own changed from here. */
import { computed, shallowRef, watch, type Ref } from 'vue'

import { asProblem, type Problem } from '@/api/problem'

import { phrases as calls, type Phrase, type Phrases } from './calls'
import type { Template } from './text'

const NONE: Phrases = { own: [], house: [], version: 0 }

export function usePhrases(template: Readonly<Ref<Template | undefined>>, wanted: () => boolean) {
  const held = shallowRef<Phrases>(NONE)
  const problem = shallowRef<Problem>()
  const all = computed(() => [...held.value.own, ...held.value.house])

  async function load(): Promise<void> {
    try {
      held.value = await calls.all(template.value?.modality ?? '', template.value?.body_part ?? '')
      problem.value = undefined
    } catch (reason) {
      problem.value = asProblem(reason)
    }
  }

  /** Keeps one's own list as given; false, with `problem`, when it could not be. */
  async function keep(own: Phrase[]): Promise<boolean> {
    try {
      const kept = await calls.keep(own, held.value.version)
      held.value = { ...held.value, own: kept.own, version: kept.version }
      problem.value = undefined
      return true
    } catch (reason) {
      problem.value = asProblem(reason)
      if (problem.value.stale) await load()
      return false
    }
  }

  /** The phrase of a shortcut; one's own before the house's. */
  const find = (shortcut: string): Phrase | undefined => all.value.find((phrase) => phrase.shortcut.toLowerCase() === shortcut.toLowerCase())

  watch([template, wanted], () => { if (wanted()) void load() }, { immediate: true })
  return { held, problem, load, keep, find }
}
export type PhraseBook = ReturnType<typeof usePhrases>
