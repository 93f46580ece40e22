/** What administrators ask of the server. Each throws Problem when it cannot be answered. */
import { api, type Schema, type Told, told } from '@/api/client'

export type Account = Told<Schema['AccountOut']>
export type AccountBody = Schema['AccountIn']
export type Opened = Told<Schema['OpenedOut']>
export type House = Told<Schema['InstitutionOut']>
export type HouseBody = Schema['InstitutionIn']
export type Agreement = Told<Schema['AgreementOut']>
export type AgreementBody = Schema['AgreementIn']
export type Change = Told<Schema['ChangeOut']>

export interface AccountsAsked {
  institution: string
  q: string
  expiring: boolean
  closed: boolean
}

function on(account: Pick<Account, 'id' | 'version'>) {
  return { params: { path: { person_id: account.id }, query: { version: account.version } } }
}

export const accounts = {
  page: (asked: AccountsAsked, after?: string) =>
    told(api.GET('/api/v1/admin/accounts', { params: { query: { ...asked, ...(after === undefined ? {} : { after }) } } })),
  open: (username: string, body: AccountBody) => told(api.POST('/api/v1/admin/accounts', { body: { ...body, username } })),
  change: (account: Account, body: AccountBody) => told(api.PUT('/api/v1/admin/accounts/{person_id}', { ...on(account), body })),
  close: (account: Account) => told(api.POST('/api/v1/admin/accounts/{person_id}/close', on(account))),
  reopen: (account: Account) => told(api.POST('/api/v1/admin/accounts/{person_id}/reopen', on(account))),
  renew: (account: Account) => told(api.POST('/api/v1/admin/accounts/{person_id}/password', on(account))),
}

export const houses = {
  all: async () => (await told(api.GET('/api/v1/admin/institutions'))).items,
  keep: (code: string, version: number | null, body: HouseBody) =>
    api.PUT('/api/v1/admin/institutions/{code}', { params: { path: { code }, query: version === null ? {} : { version } }, body }),
}

export const agreements = {
  all: async () => (await told(api.GET('/api/v1/admin/agreements'))).items,
  add: (body: AgreementBody) => api.POST('/api/v1/admin/agreements', { body }),
  change: (number: number, body: AgreementBody) => api.PUT('/api/v1/admin/agreements/{number}', { params: { path: { number } }, body }),
}

export const changes = (subject: 'person' | 'institution', subject_id: string, before?: number) =>
  told(api.GET('/api/v1/admin/changes/{subject}/{subject_id}', { params: { path: { subject, subject_id }, query: before === undefined ? {} : { before } } }))

export type Looked = Told<Schema['LookedOut']>

function form(file: File) {
  const data = new FormData()
  data.append('file', file)
  return { body: { file: file.name }, bodySerializer: () => data }
}

export const lists = {
  empty: '/api/v1/admin/accounts/list.csv',
  preview: (file: File) => told(api.POST('/api/v1/admin/accounts/list/preview', form(file))),
  open: (file: File) => told(api.POST('/api/v1/admin/accounts/list', form(file))),
}

export type Rules = Told<Schema['LimitRulesOut']>
export type Rule = Schema['LimitRuleIn']
export type PhoneContact = Schema['PhoneContactIn']

function at(code: string) {
  return { params: { path: { code } } }
}

export const settings = {
  limits: (code: string) => told(api.GET('/api/v1/admin/institutions/{code}/limits', at(code))),
  keepLimits: (code: string, rules: Rule[]) => api.PUT('/api/v1/admin/institutions/{code}/limits', { ...at(code), body: { rules } }),
  contacts: async (code: string) => (await told(api.GET('/api/v1/admin/institutions/{code}/contacts', at(code)))).contacts,
  keepContacts: (code: string, contacts: PhoneContact[]) => api.PUT('/api/v1/admin/institutions/{code}/contacts', { ...at(code), body: { contacts } }),
}
