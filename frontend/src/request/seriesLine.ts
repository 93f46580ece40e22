/** The series of a study in one line: 层厚 × 层数, thin ones first, as a county doctor checks them. */
import type { SeriesFacts, Study } from '@/api/types'

function thickness(series: SeriesFacts): number {
  return series.slice_thickness_mm ?? Number.POSITIVE_INFINITY
}

export function seriesLine(study: Study): string {
  return [...study.series]
    .filter((series) => series.slice_thickness_mm !== null)
    .sort((one, other) => thickness(one) - thickness(other))
    .map((series) => `${String(Math.round(thickness(series) * 100) / 100)} mm × ${String(series.instances)}`)
    .join('，')
}
