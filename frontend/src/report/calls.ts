/** What the report pages ask of the server. */
import { call, caseAt } from '@/api/calls'
import { transport } from '@/api/wire'

import type { Finding, ReportOnServer, ReportText, Section, Template } from './text'

export interface Checked {
  findings: Finding[]
  /** Critical findings (危急值) the text names and for which no alert was opened yet. */
  critical_terms: string[]
}

export interface TemplateRow {
  id: string
  name: string
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
  /** The page is going away: sent without waiting for the answer. What is kept in the browser covers a loss. */
  last: (caseId: string, text: ReportText, baseRevision: number) => {
    const body = JSON.stringify({ ...text, base_revision: baseRevision })
    const headers = { 'Content-Type': 'application/json' }
    void transport(new Request(new URL(caseAt(caseId, '/report'), window.location.origin), { method: 'PUT', body, headers, keepalive: true })).catch(() => undefined)
  },
  checks: (caseId: string, text: ReportText, signal?: AbortSignal) =>
    call<Checked>(caseAt(caseId, '/report/checks'), { method: 'POST', json: text, signal }),
  preview: async (caseId: string) => (await transport(new Request(new URL(caseAt(caseId, '/report/preview.pdf'), window.location.origin)))).blob(),
}

export const templates = {
  all: () => call<{ items: TemplateRow[] }>('/api/v1/templates'),
  forCase: (caseId: string) => call<Template>(caseAt(caseId, '/template')),
  get: (id: string) => call<Template>(`/api/v1/templates/${encodeURIComponent(id)}`),
}

/** A scoring system: what it asks, its edition and where its rules stand. */
export interface RadsSystem {
  id: string
  name: string
  edition: string
  source: string
  questions: { id: string; label: string; choices: { value: string; label: string }[] }[]
}

/** What answers come to; `sentence` belongs into the impression, `advice` into the recommendation. */
export interface RadsResult {
  category: string
  sentence: string
  advice: string
}

export const rads = {
  all: () => call<{ items: RadsSystem[] }>('/api/v1/rads'),
  score: (id: string, answers: Record<string, string>) =>
    call<RadsResult>(`/api/v1/rads/${encodeURIComponent(id)}`, { method: 'POST', json: { answers } }),
}

/** A text with choices `{a|b}` and blanks `{}`, put in by its shortcut. */
export interface Phrase {
  shortcut: string
  section: Section
  text: string
}

/** One's own come first; `version` is that of one's own list. */
export interface Phrases {
  own: Phrase[]
  house: Phrase[]
  version: number
}

export const phrases = {
  all: (modality: string, bodyPart: string) =>
    call<Phrases>(`/api/v1/phrases?${new URLSearchParams({ modality, body_part: bodyPart }).toString()}`),
  keep: (items: Phrase[], version: number) => call<Phrases>('/api/v1/account/phrases', { method: 'PUT', json: { items, version } }),
}
