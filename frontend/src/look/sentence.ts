/** The one place where a failed call becomes words for the person. */
import { ElMessage } from 'element-plus'

import { asProblem, type Problem } from '@/api/problem'
import { i18n } from '@/i18n'

/** The server's sentence where it has one; ours where no answer came or it could not be read. */
export function sentenceOf(problem: Problem): string {
  const { t } = i18n.global
  if (problem.offline) return t('look.trouble.offline')
  if (problem.detail !== '') return problem.detail
  return problem.status === 404 ? t('look.trouble.gone') : t('look.trouble.unreadable')
}

/** Says it beside the work, not instead of it: for verbs that failed while the page stays. */
export function tellProblem(thrown: unknown): void {
  ElMessage({ type: 'error', message: sentenceOf(asProblem(thrown)), duration: 8000, showClose: true, grouping: true })
}

export function tellDone(message: string): void {
  ElMessage({ type: 'success', message, duration: 3000, grouping: true })
}
