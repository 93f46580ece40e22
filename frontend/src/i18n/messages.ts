/** All words, by feature; names of states, verbs, priorities, services and roles come from the workflow's own tables. */
import { account } from '@/account/words'
import { admin } from '@/admin/words'
import type { Language } from '@/api/types'
import { moveWords } from '@/case/moveWords'
import { caseWords } from '@/case/words'
import { desk } from '@/desk/words'
import { PRIORITIES, ROLES, SERVICE_TYPES, STATES, VERBS } from '@/generated/workflow'
import { images } from '@/images/words'
import { look } from '@/look/words'
import { notices } from '@/notices/words'
import { objects } from '@/objects/words'
import { operate } from '@/operate/words'
import { words as report } from '@/report/words'
import { request } from '@/request/words'
import { talk } from '@/talk/words'
import { turnaround } from '@/turnaround/words'
import { rota } from '@/rota/words'
import { verify } from '@/verify/words'
import { words as viewer } from '@/viewer/words'
import { worklist } from '@/worklist/words'

type Table = Record<string, { zh: string; en: string }>

/** The tables write English names small; on a button or a label they begin with a capital. */
function named(table: Table, language: Language): Record<string, string> {
  const name = ({ zh, en }: Table[string]): string => (language === 'en' ? en.charAt(0).toUpperCase() + en.slice(1) : zh)
  return Object.fromEntries(Object.entries(table).map(([key, names]) => [key, name(names)]))
}

function inLanguage(language: Language) {
  return {
    account: { ...account[language], role: named(ROLES, language) },
    admin: admin[language],
    case: caseWords[language],
    desk: desk[language],
    images: images[language],
    look: {
      ...look[language],
      state: named(STATES, language),
      priority: named(PRIORITIES, language),
      service: named(SERVICE_TYPES, language),
    },
    move: { ...moveWords[language], verb: named(VERBS, language) },
    notices: notices[language],
    objects: objects[language],
    operate: operate[language],
    report: report[language],
    request: request[language],
    talk: talk[language],
    turnaround: turnaround[language],
    rota: rota[language],
    verify: verify[language],
    viewer: viewer[language],
    worklist: worklist[language],
  }
}

export const messages = { 'zh-CN': inLanguage('zh-CN'), en: inLanguage('en') }
