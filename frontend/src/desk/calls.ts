/** What the desk asks the server, and the shapes it is told. */
import { api, told, type Schema, type Told } from '@/api/client'
import type { CaseState } from '@/api/types'

export type PileName = Schema['Pile']
export type Slip = Omit<Told<Schema['SlipOut']>, 'state'> & { state: CaseState }
export type Pile = Omit<Told<Schema['PileOut']>, 'items'> & { items: Slip[] }
export type Alarm = Told<Schema['AlarmOut']>
export type Colleague = Told<Schema['ColleagueOut']>
export type Desk = Omit<Told<Schema['DeskOut']>, 'columns'> & { columns: Pile[] }

/** How many cases of a column the whole desk brings. */
export const FIRST = 20
/** The most that one answer holds. */
export const MOST = 200

export const desk = {
  whole: async (signal?: AbortSignal) => (await told(api.GET('/api/v1/desk', { signal: signal ?? null }))) as Desk,
  pile: async (name: PileName, after: string, limit: number, signal?: AbortSignal) =>
    (await told(api.GET('/api/v1/desk/{pile}', { params: { path: { pile: name }, query: { after, limit } }, signal: signal ?? null }))) as Pile,
}
