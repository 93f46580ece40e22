/** All words, by feature. */
import { account } from '@/account/words'
import { moveWords } from '@/case/moveWords'
import { caseWords } from '@/case/words'
import { look } from '@/look/words'
import { words as report } from '@/report/words'
import { request } from '@/request/words'
import { verify } from '@/verify/words'
import { words as viewer } from '@/viewer/words'
import { worklist } from '@/worklist/words'

const features = { account, case: caseWords, look, move: moveWords, report, request, verify, viewer, worklist }

type Feature = keyof typeof features
type Tree = { [F in Feature]: (typeof features)[F]['zh-CN'] }

function inLanguage(language: 'zh-CN' | 'en'): Tree {
  return Object.fromEntries(Object.entries(features).map(([name, words]) => [name, words[language]])) as Tree
}

export const messages = { 'zh-CN': inLanguage('zh-CN'), en: inLanguage('en') }
