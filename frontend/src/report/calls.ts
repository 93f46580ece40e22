/** What the report pages ask of the server. */
import { call, caseAt } from '@/api/calls'

import type { Finding, ReportOnServer, ReportText, Template } from './text'

export interface Checked {
  findings: Finding[]
  /** Critical findings (危急值) the text names and for which no alert was opened yet. */
  critical_terms?: string[]
}

export interface TemplateRow {
  id: string
  title: string
  modality: string
  body_part: string
}

export const report = {
  get: (caseId: string) => call<ReportOnServer>(caseAt(caseId, '/report')),
  put: (caseId: string, text: ReportText, baseRevision: number) =>
    call<{ revision: number; saved_at: string }>(caseAt(caseId, '/report'), {
      method: 'PUT',
      json: { ...text, base_revision: baseRevision },
    }),
  checks: (caseId: string, text: ReportText, signal?: AbortSignal) =>
    call<Checked>(caseAt(caseId, '/report/checks'), { method: 'POST', json: text, signal }),
  preview: (caseId: string) => caseAt(caseId, '/report/preview.pdf'),
}

export const templates = {
  all: () => call<{ items: TemplateRow[] }>('/api/v1/templates'),
  forCase: (caseId: string) => call<Template>(caseAt(caseId, '/template')),
  get: (id: string) => call<Template>(`/api/v1/templates/${encodeURIComponent(id)}`),
}
