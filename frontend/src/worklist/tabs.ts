/** Which lists a role works from, first one first. A person with several roles has all of theirs, each once. */
import type { Queue } from '@/api/types'

export interface Tab {
  queue: Queue
  /** Key under `worklist.tab`. */
  name: string
}

const TABS: [role: string, tabs: Tab[]][] = [
  ['specialist', [{ queue: 'mine', name: 'reading' }, { queue: 'pool', name: 'pool' }]],
  ['reviewer', [{ queue: 'mine', name: 'review' }]],
  ['coordinator', [{ queue: 'mine', name: 'dispatch' }, { queue: 'site', name: 'region' }]],
  ['requester', [{ queue: 'mine', name: 'requests' }, { queue: 'site', name: 'site' }]],
  ['approver', [{ queue: 'mine', name: 'approval' }, { queue: 'site', name: 'site' }]],
  ['site_admin', [{ queue: 'site', name: 'site' }]],
  ['qa', [{ queue: 'all', name: 'sample' }]],
  ['platform_admin', [{ queue: 'all', name: 'all' }]],
]

/** Roles that see a case from inside; the others (a site's administrator) see its line in the list only. */
export const OPENS_CASES = ['requester', 'approver', 'coordinator', 'specialist', 'reviewer', 'qa', 'platform_admin']

export function tabsOf(roles: ReadonlySet<string>): Tab[] {
  const tabs = TABS.filter(([role]) => roles.has(role)).flatMap(([, some]) => some)
  return tabs.filter((tab, index) => tabs.findIndex((other) => other.queue === tab.queue) === index)
}
