/** Figures as operators read them: sizes in decimal units, moments of the region to the second. */
import { currentLanguage } from '@/i18n'

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

export function sizeOf(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit] ?? ''}`
}

export function momentOf(at: string): string {
  const shown: Intl.DateTimeFormatOptions = { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
  return new Intl.DateTimeFormat(currentLanguage(), shown).format(new Date(at))
}
