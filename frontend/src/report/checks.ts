/** Asks the writing rules about the text while it is written. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'

import { report } from './calls'
import type { Finding, ReportText } from './text'

/** `unknown`: the server could not be asked; signing asks again. */
export type CheckPhase = 'waiting' | 'known' | 'unknown'

const AFTER_LAST_CHANGE_MS = 900

export function useChecks(caseId: string, text: Readonly<Ref<ReportText>>, wanted: () => boolean) {
  const findings = shallowRef<Finding[]>([])
  const criticalTerms = shallowRef<string[]>([])
  const checkPhase = ref<CheckPhase>('waiting')
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking = new AbortController()

  async function check(): Promise<void> {
    asking.abort()
    asking = new AbortController()
    const { signal } = asking
    try {
      const answer = await report.checks(caseId, text.value, signal)
      if (signal.aborted) return
      findings.value = answer.findings
      criticalTerms.value = answer.critical_terms
      checkPhase.value = 'known'
    } catch {
      if (!signal.aborted) checkPhase.value = 'unknown'
    }
  }

  watch(
    text,
    () => {
      clearTimeout(timer)
      if (wanted()) timer = setTimeout(() => void check(), AFTER_LAST_CHANGE_MS)
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    asking.abort()
  })

  return { findings, criticalTerms, checkPhase, check }
}
