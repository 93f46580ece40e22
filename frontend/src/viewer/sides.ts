/** What stands beside the images: the report's width, folded or not, in another window, or as a sheet on a phone. */
import { computed, ref } from 'vue'

const WIDTH_KEPT_AS = 'consult.reading.report-width'
const NARROWEST = 320
const WIDEST_SHARE = 0.55
const FIRST_WIDTH = 400

export type Sheet = 'series' | 'tools' | 'report'

function keptWidth(): number {
  const kept = Number(localStorage.getItem(WIDTH_KEPT_AS))
  return Number.isFinite(kept) && kept >= NARROWEST ? kept : FIRST_WIDTH
}

export function useSides(onlyReport: boolean) {
  const width = ref(Math.min(keptWidth(), window.innerWidth * WIDEST_SHARE))
  const folded = ref(false)
  const sheet = ref<Sheet>()

  const classes = computed(() => ({ folded: folded.value, [`sheet-${sheet.value ?? 'none'}`]: true }))

  function drag(down: PointerEvent): void {
    const { target } = down
    if (!(target instanceof HTMLElement)) return
    target.setPointerCapture(down.pointerId)
    const move = (event: PointerEvent): void => {
      width.value = Math.round(Math.max(NARROWEST, Math.min(window.innerWidth * WIDEST_SHARE, window.innerWidth - event.clientX)))
    }
    const up = (): void => {
      target.removeEventListener('pointermove', move)
      localStorage.setItem(WIDTH_KEPT_AS, String(width.value))
    }
    target.addEventListener('pointermove', move)
    target.addEventListener('pointerup', up, { once: true })
  }

  function toggleReport(): void {
    folded.value = !folded.value
  }

  function showReport(): void {
    folded.value = false
    if (window.innerWidth <= 720) sheet.value = 'report'
  }

  function toggleSheet(wanted: Sheet): void {
    sheet.value = sheet.value === wanted ? undefined : wanted
  }

  function closeSheets(): void {
    sheet.value = undefined
  }

  /** The report moves to a window of its own, for the second screen; this one keeps the images. */
  function openElsewhere(): void {
    const url = new URL(window.location.href)
    url.searchParams.set('only', 'report')
    if (window.open(url, `report-${url.pathname}`, 'popup,width=720,height=1000') !== null) folded.value = true
  }

  return { onlyReport, width, folded, sheet, classes, drag, toggleReport, showReport, toggleSheet, closeSheets, openElsewhere }
}
