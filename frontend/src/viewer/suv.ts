/** Standardised uptake values: activity per gram of body weight as a share of the injected dose. */
import { items, number, text } from './dicom'
import type { Slice } from './slices'

/** Seconds since midnight of a DICOM time, 'HHMMSS.frac'. */
function seconds(time: string): number | undefined {
  const found = /^(\d{2})(\d{2})(\d{2}(?:\.\d+)?)/.exec(time)
  return found === null ? undefined : Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3])
}

const DAY_S = 86_400

/** Seconds from injection to the moment the values are corrected to; undefined where the file does not say. */
function elapsed({ attributes }: Slice, dose: Slice['attributes']): number | undefined {
  const corrected = text(attributes, '00541102')
  if (corrected === 'ADMIN') return 0
  if (corrected !== 'START') return undefined
  // the series time is the start of the scan, unless the series was made later than the images were taken
  const [series, taken] = [text(attributes, '00080031'), text(attributes, '00080032')].map(seconds)
  const start = series !== undefined && taken !== undefined && series > taken ? taken : (series ?? taken)
  const whole = text(dose, '00181078')
  const injected = seconds(whole === '' ? text(dose, '00181072') : whole.slice(8))
  if (start === undefined || injected === undefined) return undefined
  return start >= injected ? start - injected : start + DAY_S - injected
}

/**
 * What an image's values are multiplied with to become SUV by body weight (g/ml): weight over the dose as it has
 * decayed until the scan began (QIBA FDG-PET profile, vendor-neutral SUVbw). Undefined where it cannot be said: another
 * unit than Bq/ml, no decay correction, no weight, no dose.
 */
export function suvFactor(slice: Slice): number | undefined {
  const { attributes } = slice
  if (text(attributes, '00080060') !== 'PT') return undefined
  const unit = text(attributes, '00541001')
  if (unit === 'GML') return 1
  const [dose] = items(attributes, '00540016')
  const weight = number(attributes, '00101030')
  if (unit !== 'BQML' || dose === undefined || weight === undefined || weight <= 0) return undefined
  const [total, halfLife] = [number(dose, '00181074'), number(dose, '00181075')]
  const waited = elapsed(slice, dose)
  if (total === undefined || total <= 0 || halfLife === undefined || halfLife <= 0 || waited === undefined) return undefined
  return (weight * 1000) / (total * 2 ** (-waited / halfLife))
}
