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

/** More wall time left than time on the clock: it counts business hours, and does not run evenly. */
const UNEVEN_S = 60

/** The clock at `now`, told by the server at `takenAt` (both ms by the server's clock). */
export function faceOf(clock: Clock, takenAt: number, now: number): ClockFace {
  const elapsed = clock.running ? Math.max(0, (now - takenAt) / 1000) : 0
  if (clock.limit_s == null || clock.limit_s <= 0) {
    return { tone: clock.running ? 'open' : 'paused', share: 0, usedS: clock.used_s + elapsed, leftS: null }
  }
  const onClock = clock.limit_s - clock.used_s
  const dueIn = clock.running && clock.due_at ? (Date.parse(clock.due_at) - takenAt) / 1000 : onClock
  const uneven = dueIn - onClock > UNEVEN_S
  const usedS = clock.used_s + (uneven ? 0 : elapsed)
  const leftS = (uneven ? dueIn : onClock) - elapsed
  const share = Math.min(1, usedS / clock.limit_s)
  return { tone: toneOf(clock, leftS, share), share, usedS, leftS }
}

function toneOf(clock: Clock, leftS: number, share: number): ClockTone {
  if (leftS < 0 || clock.breached) return 'late'
  if (!clock.running) return 'paused'
  return share >= AMBER_AT ? 'amber' : 'calm'
}

/** Seconds left as the server told it; without a limit there is no end. */
function leftAsTold(clock: Clock): number {
  return faceOf(clock, 0, 0).leftS ?? Number.POSITIVE_INFINITY
}

function begun(clocks: Clock[]): Clock[] {
  return clocks.filter((clock) => clock.running || clock.used_s > 0 || clock.breached)
}

/**
 * The clock to show where there is room for one: the running one that ends first; where none with a limit runs, the
 * tightest limit that counted (it is paused, or done); and only then one that has no limit.
 */
export function tightest(clocks: Clock[]): Clock | null {
  const limited = begun(clocks).filter((clock) => clock.limit_s != null)
  const running = limited.filter((clock) => clock.running)
  const among = [running, limited, begun(clocks)].find((some) => some.length > 0) ?? []
  return among.reduce<Clock | null>((best, clock) => (best === null || leftAsTold(clock) < leftAsTold(best) ? clock : best), null)
}

function saysTheSame(one: Clock, other: Clock): boolean {
  return one.limit_s === other.limit_s && Math.abs(one.used_s - other.used_s) < UNEVEN_S
}

/** The consult clock and the patient's, always both; then the one that ends first, where it tells anything else. */
export function clocksToShow(clocks: Clock[]): Clock[] {
  const kept = ['consult', 'patient'].flatMap((name) => begun(clocks).filter((clock) => clock.name === name))
  const other = tightest(clocks.filter((clock) => clock.running && !kept.some((one) => one === clock || saysTheSame(one, clock))))
  return other === null ? kept : [...kept, other]
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
