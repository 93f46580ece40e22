/** What is said and handed over about a case, to and from the server. */
import { caseAt } from '@/api/calls'
import { api, told, type Schema, type Told } from '@/api/client'
import { transport } from '@/api/wire'

export type Message = Told<Schema['MessageOut']>
export type FoundMessage = Told<Schema['FoundOut']>
export type CaseFile = Told<Schema['FileOut']>
export type Category = CaseFile['category']

function onCase(id: string) {
  return { params: { path: { case_id: id } } }
}

export const talk = {
  messages: (id: string, after: number) =>
    told(api.GET('/api/v1/cases/{case_id}/messages', { params: { path: { case_id: id }, query: { after } } })),
  say: (id: string, text: string) => told(api.POST('/api/v1/cases/{case_id}/messages', { ...onCase(id), body: { text } })),
  read: (id: string, message_id: number) => told(api.PUT('/api/v1/cases/{case_id}/messages/read', { ...onCase(id), body: { message_id } })),
  search: (q: string, before?: number) =>
    told(api.GET('/api/v1/messages', { params: { query: { q, ...(before === undefined ? {} : { before }) } } })),
  files: (id: string) => told(api.GET('/api/v1/cases/{case_id}/files', onCase(id))),
  /** The bytes themselves as the body: the server counts them as they come. */
  upload: async (id: string, file: File, category: Category): Promise<CaseFile> => {
    const query = new URLSearchParams({ name: file.name.slice(0, 200), category })
    const url = new URL(`${caseAt(id, '/files')}?${query.toString()}`, window.location.origin)
    const headers = { 'Content-Type': 'application/octet-stream', Accept: 'application/json, application/problem+json' }
    return (await (await transport(new Request(url, { method: 'POST', body: file, headers }))).json()) as CaseFile
  },
  fileAt: (id: string, fileId: string, rest = '') => caseAt(id, `/files/${fileId}${rest}`),
}
