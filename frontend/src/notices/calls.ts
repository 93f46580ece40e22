/** What is asked about notices. Each throws Problem when it cannot be answered. */
import { api, type Schema, type Told, told } from '@/api/client'

export type Notice = Told<Schema['NoticeOut']>
export type Unread = Told<Schema['UnreadOut']>
export type Reach = Told<Schema['ReachOut']>
export type ReachBody = Schema['ReachIn']
export type Sending = Told<Schema['SendingOut']>
export type SendingLine = Told<Schema['SentOut']>
export type CaseNotice = Told<Schema['ToldOut']>
export type Way = Reach['ways'][number]['channel']

function after(before: number | null | undefined): { before?: number } {
  return before == null ? {} : { before }
}

export const notices = {
  unread: () => told(api.GET('/api/v1/notices/unread')),
  page: (unread: boolean, before?: number | null) => told(api.GET('/api/v1/notices', { params: { query: { unread, ...after(before) } } })),
  read: (ids: number[]) => told(api.POST('/api/v1/notices/read', { body: { ids } })),
  readOfCase: (case_id: string) => told(api.POST('/api/v1/notices/read', { body: { case_id } })),
  readUpTo: (up_to: number) => told(api.POST('/api/v1/notices/read', { body: { up_to } })),
  ofCase: async (case_id: string) => (await told(api.GET('/api/v1/cases/{case_id}/notices', { params: { path: { case_id } } }))).items,
}

export const reach = {
  get: () => told(api.GET('/api/v1/account/reach')),
  keep: (body: ReachBody) => told(api.PUT('/api/v1/account/reach', { body })),
  test: (channel: Way) => told(api.POST('/api/v1/account/reach/test', { body: { channel } })),
  lastTest: (channel: Way) => told(api.GET('/api/v1/account/reach/test', { params: { query: { channel } } })),
}

export const sendings = {
  page: (standing: 'waiting' | 'held' | 'sent' | 'delivered' | 'dead', before?: number | null) =>
    told(api.GET('/api/v1/sendings', { params: { query: { standing, ...after(before) } } })),
  resend: (number: number) => api.POST('/api/v1/sendings/{number}/resend', { params: { path: { number } } }),
}
