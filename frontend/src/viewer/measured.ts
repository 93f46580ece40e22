/** The measurements as the page shows and writes them. */
import { computed, onScopeDispose, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'

import { forgetMeasurement, forgetMeasurements, type Length, measurements, onMeasured, sayDetector, selectedMeasurement } from './cornerstone'
import type { OpenSeries, SeriesRow } from './series'

export interface MeasuredRow {
  length: Length
  row: SeriesRow
  /** Counts from 1. */
  slice: number
  value: string
}

export function useMeasured(opened: ReadonlyMap<string, OpenSeries>) {
  const { t } = useI18n()
  const lengths = shallowRef<Length[]>(measurements())
  sayDetector(t('viewer.overlay.detector'))
  const stop = onMeasured((found) => (lengths.value = found))
  onScopeDispose(() => {
    stop()
    forgetMeasurements()
  })

  function valueOf({ value, unit, atDetector }: Length): string {
    const size = `${unit === 'mm' && value >= 10 ? value.toFixed(0) : value.toFixed(1)} ${unit}`
    return atDetector ? `${size}（${t('viewer.overlay.detector')}）` : size
  }

  const rows = computed<MeasuredRow[]>(() =>
    lengths.value.flatMap((length) => {
      for (const series of opened.values()) {
        const index = series.indexOf(length.slice.sop, length.slice.frame)
        if (index >= 0) return [{ length, row: series.row, slice: index + 1, value: valueOf(length) }]
      }
      return []
    }),
  )

  /** The one that is selected on the image, else the latest. */
  const latest = computed(() => {
    const selected = selectedMeasurement()
    return rows.value.find((row) => row.length.id === selected) ?? rows.value.at(-1)
  })

  function words(row = latest.value): string | undefined {
    return row === undefined ? undefined : t('viewer.measure.sentence', { value: row.value, slice: row.slice })
  }

  function remove(length = latest.value?.length): void {
    if (length !== undefined) forgetMeasurement(length.id)
  }

  return { rows, words, remove }
}
