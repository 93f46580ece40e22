/** Times as people say them: the server's time shown in Asia/Shanghai, time left in words, age from a birth date. */
import type { Clock, Language } from '@/api/types'

const ZONE = 'Asia/Shanghai'
const MINUTE = 60
const HOUR = 3600
const DAY = 86_400
/** Share of a limit after which a running clock turns amber. */
const AMBER_AT = 0.8

/** 'open' has no limit; 'paused' and 'stopped' do not run (paused before, stopped after its limit mattered). */
export type ClockTone = 'calm' | 'amber' | 'late' | 'paused' | 'open'

export interface ClockFace {
  tone: ClockTone
  /** Filled share of the bar, 0–1. */
  share: number
  usedS: number
  /** Seconds left; negative when overdue; null without a limit. */
  leftS: number | null
}

/** The clock `elapsedS` seconds after the server told it. */
export function faceOf(clock: Clock, elapsedS: number): ClockFace {
  const usedS = clock.used_s + (clock.running ? Math.max(0, elapsedS) : 0)
  if (clock.limit_s == null || clock.limit_s <= 0) return { tone: clock.running ? 'open' : 'paused', share: 0, usedS, leftS: null }
  const leftS = clock.limit_s - usedS
  const share = Math.min(1, usedS / clock.limit_s)
  return { tone: toneOf(clock, leftS, share), share, usedS, leftS }
}

function toneOf(clock: Clock, leftS: number, share: number): ClockTone {
  if (leftS < 0 || clock.breached) return 'late'
  if (!clock.running) return 'paused'
  return share >= AMBER_AT ? 'amber' : 'calm'
}

/** The clock to show where there is room for one: the running one that ends first, else the first that ever counted. */
export function tightest(clocks: Clock[], elapsedS: number): Clock | null {
  const left = (clock: Clock): number => faceOf(clock, elapsedS).leftS ?? Number.POSITIVE_INFINITY
  const running = clocks.filter((clock) => clock.running)
  const among = running.length > 0 ? running : clocks.filter((clock) => clock.used_s > 0 || clock.breached)
  return among.reduce<Clock | null>((best, clock) => (best === null || left(clock) < left(best) ? clock : best), null)
}

const UNITS = {
  'zh-CN': { day: '天', hour: '小时', minute: '分', second: '秒', none: '不到 1 分' },
  en: { day: 'd', hour: 'h', minute: 'min', second: 's', none: 'under 1 min' },
} as const

/** A length of time in at most two units: 12 分 · 1 小时 20 分 · 2 天 3 小时. Seconds are counted only under a minute. */
export function duration(seconds: number, language: Language): string {
  const unit = UNITS[language]
  const whole = Math.floor(Math.abs(seconds))
  if (whole < MINUTE) return unit.none
  const days = Math.floor(whole / DAY)
  const hours = Math.floor((whole % DAY) / HOUR)
  const minutes = Math.floor((whole % HOUR) / MINUTE)
  const parts: string[] = []
  if (days > 0) parts.push(`${String(days)} ${unit.day}`)
  if (hours > 0) parts.push(`${String(hours)} ${unit.hour}`)
  if (minutes > 0 && days === 0) parts.push(`${String(minutes)} ${unit.minute}`)
  return parts.join(' ')
}

function formatter(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'zh-CN', { timeZone: ZONE, hourCycle: 'h23', ...options })
}

function dayKey(at: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(at)
}

/** 14:32 · 昨天 14:32 · 11月24日 14:32 · 2025年11月24日 14:32, as near as it is to `now`. */
export function moment(iso: string, language: Language, now: Date): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  const clock = formatter(language, { hour: '2-digit', minute: '2-digit' }).format(at)
  if (dayKey(at) === dayKey(now)) return clock
  if (dayKey(at) === dayKey(new Date(now.getTime() - DAY * 1000))) return `${language === 'en' ? 'yesterday' : '昨天'} ${clock}`
  const sameYear = dayKey(at).slice(0, 4) === dayKey(now).slice(0, 4)
  const day = formatter(language, { month: language === 'en' ? 'short' : 'long', day: 'numeric', ...(sameYear ? {} : { year: 'numeric' }) })
  return `${day.format(at)} ${clock}`
}

/** The full moment for titles and records: 2026-11-24 14:32:08. */
export function stamp(iso: string): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  const time = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
  return `${dayKey(at)} ${time.format(at)}`
}

/** A calendar day as written, without a time zone: 2026-11-24. DICOM's 20261124 is read too. */
export function day(text: string): string {
  const dicom = /^(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (dicom !== null) return `${dicom[1] ?? ''}-${dicom[2] ?? ''}-${dicom[3] ?? ''}`
  return text.slice(0, 10)
}

/** Age as a radiologist writes it: days under a month, months under two years, else years. */
export function age(birthDate: string, language: Language, now: Date): string {
  const [year, month, dayOfMonth] = day(birthDate).split('-').map(Number)
  if (year === undefined || month === undefined || dayOfMonth === undefined || Number.isNaN(year + month + dayOfMonth)) return ''
  const [nowYear = 0, nowMonth = 0, nowDay = 0] = dayKey(now).split('-').map(Number)
  const months = (nowYear - year) * 12 + nowMonth - month - (nowDay < dayOfMonth ? 1 : 0)
  if (months < 0) return ''
  const days = Math.floor((Date.UTC(nowYear, nowMonth - 1, nowDay) - Date.UTC(year, month - 1, dayOfMonth)) / (DAY * 1000))
  if (months < 1) return language === 'en' ? `${String(days)} d` : `${String(days)}天`
  if (months < 24) return language === 'en' ? `${String(months)} mo` : `${String(months)}个月`
  return language === 'en' ? `${String(Math.floor(months / 12))} y` : `${String(Math.floor(months / 12))}岁`
}
