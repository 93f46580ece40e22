/** Attributes of made-up images for the tests beside this file. */
import type { Attributes, Element } from './dicom'

export function element(vr: string, ...Value: unknown[]): Element {
  return { vr, Value }
}

export interface Made {
  number: number
  position?: [number, number, number]
  orientation?: number[]
  more?: Attributes
}

export const AXIAL = [1, 0, 0, 0, 1, 0]
export const SAGITTAL = [0, 1, 0, 0, 0, -1]

export function made({ number, position, orientation = AXIAL, more = {} }: Made): Attributes {
  return {
    '00080018': element('UI', `1.2.${String(number)}`),
    '00080060': element('CS', 'CT'),
    '00200013': element('IS', number),
    '00280010': element('US', 4),
    '00280011': element('US', 4),
    '00280030': element('DS', 0.5, 0.5),
    ...(position === undefined ? {} : { '00200032': element('DS', ...position), '00200037': element('DS', ...orientation) }),
    ...more,
  }
}
