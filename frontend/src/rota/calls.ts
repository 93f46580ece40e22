/** What the pages of rota and routing ask the server. Each throws Problem when it cannot be answered. */
import { api, type Schema, type Told, told } from '@/api/client'

export type House = Told<Schema['RotaHouseOut']>
export type Week = Told<Schema['RotaWeekOut']>
export type Rules = Told<Schema['RoutingRulesOut']>
export type Policy = Told<Schema['RoutingPolicyIn']>
export type Rule = Told<Schema['RoutingRuleIn']>
export type Trial = Told<Schema['TrialOut']>
export type Hour = Told<Schema['ComingHourOut']>
export type Edition = Told<Schema['EditionOut']>
export type Pattern = Schema['ShiftPatternIn']
export type Away = Schema['AbsenceIn']

const at = (site: string) => ({ params: { path: { site } } })
const row = (site: string, number: number) => ({ params: { path: { site, number } } })

export const rota = {
  houses: () => told(api.GET('/api/v1/rota')),
  week: (site: string, day: string) => told(api.GET('/api/v1/rota/{site}/week', { params: { path: { site }, query: { day } } })),
  hours: (site: string) => told(api.GET('/api/v1/rota/{site}/hours', at(site))),
  plan: (site: string, pattern: Pattern) => told(api.POST('/api/v1/rota/{site}/shifts', { ...at(site), body: pattern })),
  dropShift: (site: string, number: number) => api.DELETE('/api/v1/rota/{site}/shifts/{number}', row(site, number)),
  away: (site: string, absence: Away) => told(api.POST('/api/v1/rota/{site}/absences', { ...at(site), body: absence })),
  dropAbsence: (site: string, number: number) => api.DELETE('/api/v1/rota/{site}/absences/{number}', row(site, number)),
  importDays: (site: string, year: number, text: string, source: string) =>
    told(api.PUT('/api/v1/rota/{site}/days/{year}', { params: { path: { site, year } }, body: { text, source } })),
}

export const routing = {
  rules: (site: string) => told(api.GET('/api/v1/routing/{site}', at(site))),
  versions: (site: string) => told(api.GET('/api/v1/routing/{site}/versions', at(site))),
  keep: (site: string, policy: Policy, version: number, note: string) =>
    told(api.PUT('/api/v1/routing/{site}', { ...at(site), body: { policy, version, note } })),
  trial: (site: string, policy: Policy, days: number) => told(api.POST('/api/v1/routing/{site}/trial', { ...at(site), body: { policy, days } })),
}
