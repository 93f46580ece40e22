import { describe, expect, it } from 'vitest'

import { AXIAL, element, made, SAGITTAL } from './samples'
import { stackFrom } from './slices'

function numbersOf(instances: Parameters<typeof stackFrom>[0]): number[] {
  return stackFrom(instances, '/s').slices.map((slice) => slice.instanceNumber)
}

describe('the order in which a series is scrolled', () => {
  it('follows the position, not the order of arrival nor the number', () => {
    const instances = [3, 1, 4, 2].map((number) => made({ number, position: [0, 0, number === 4 ? 2.5 : number] }))
    expect(numbersOf(instances)).toEqual([1, 2, 4, 3])
  })

  it('begins at the end that is numbered first', () => {
    const downwards = [1, 2, 3].map((number) => made({ number, position: [0, 0, -number] }))
    expect(numbersOf(downwards)).toEqual([1, 2, 3])
  })

  it('keeps images of different orientation apart, as in a localiser', () => {
    const mixed = [
      made({ number: 1, position: [0, 0, 0], orientation: AXIAL }),
      made({ number: 2, position: [0, 0, 0], orientation: SAGITTAL }),
      made({ number: 3, position: [0, 0, 5], orientation: AXIAL }),
      made({ number: 4, position: [5, 0, 0], orientation: SAGITTAL }),
    ]
    expect(numbersOf(mixed)).toEqual([1, 3, 2, 4])
  })

  it('falls back on the numbers where there is no geometry', () => {
    expect(numbersOf([made({ number: 2 }), made({ number: 10 }), made({ number: 1 })])).toEqual([1, 2, 10])
  })

  it('shows one time point after the other when the same positions repeat', () => {
    const instances = [1, 2, 3, 4, 5, 6].map((number) => made({ number, position: [0, 0, (number - 1) % 3] }))
    const stack = stackFrom(instances, '/s')
    expect(stack.passes).toBe(2)
    expect(stack.slices.map((slice) => [slice.pass, slice.instanceNumber])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 4],
      [2, 5],
      [2, 6],
    ])
  })

  it('does not take one duplicated slice for a second time point', () => {
    const instances = [1, 2, 3, 4, 5].map((number) => made({ number, position: [0, 0, number] }))
    const stack = stackFrom([...instances, made({ number: 9, position: [0, 0, 3] })], '/s')
    expect(stack.passes).toBe(1)
    expect(stack.slices).toHaveLength(6)
  })

  it('names how many slices are missing before one', () => {
    const instances = [1, 2, 3, 7, 8].map((number) => made({ number, position: [0, 0, number] }))
    expect(stackFrom(instances, '/s').slices.map((slice) => slice.missingBefore)).toEqual([0, 0, 0, 3, 0])
  })

  it('measures the tilt of the gantry', () => {
    const tilted = [0, 1, 2, 3].map((step) => made({ number: step + 1, position: [0, step * Math.tan((15 * Math.PI) / 180), step] }))
    expect(stackFrom(tilted, '/s').tilt).toBeCloseTo(15, 5)
    expect(stackFrom([made({ number: 1, position: [0, 0, 0] })], '/s').tilt).toBe(0)
  })
})

describe('a multi-frame object', () => {
  const position = (z: number) => element('SQ', { '00200032': element('DS', 0, 0, z) })
  const enhanced = made({
    number: 1,
    more: {
      '00280008': element('IS', 2),
      '52009229': element('SQ', {
        '00209116': element('SQ', { '00200037': element('DS', ...AXIAL) }),
        '00289145': element('SQ', { '00281052': element('DS', -1024), '00281053': element('DS', 1) }),
      }),
      '52009230': element('SQ', { '00209113': position(7) }, { '00209113': position(3) }),
    },
  })

  it('becomes one slice per frame, each at its own position, with what all frames share', () => {
    const { slices } = stackFrom([enhanced], '/s')
    expect(slices.map((slice) => [slice.frame, slice.position?.[2]])).toEqual([
      [1, 7],
      [2, 3],
    ])
    expect(slices[0]?.attributes['00281052']).toEqual(element('DS', -1024))
    expect(slices[0]?.url).toBe('/s/instances/1.2.1/frames/1')
  })

  it('keeps its own identity when a group speaks of the object it was made from', () => {
    const source = element('SQ', { '00209172': element('SQ', { '00080018': element('UI', '9.9') }) })
    const made1 = made({ number: 1, more: { '00280008': element('IS', 1), '52009229': source } })
    expect(stackFrom([made1], '/s').slices[0]?.sop).toBe('1.2.1')
  })

  it('leaves frames without positions in their own order', () => {
    const cine = made({ number: 1, more: { '00280008': element('IS', 3) } })
    expect(stackFrom([cine], '/s').slices.map((slice) => slice.frame)).toEqual([1, 2, 3])
  })
})

describe('what a distance means', () => {
  const dx = { '00080060': element('CS', 'DX') }

  it('is mm in the patient where there is geometry', () => {
    expect(stackFrom([made({ number: 1, position: [0, 0, 0] })], '/s').slices[0]?.scale).toBe('patient')
  })

  it('is mm at the detector where nobody calibrated', () => {
    const equal = made({ number: 1, more: { ...dx, '00181164': element('DS', 0.5, 0.5) } })
    const only = made({ number: 1, more: { ...dx, '00280030': undefined, '00181164': element('DS', 0.2, 0.2) } })
    expect(stackFrom([equal], '/s').slices[0]?.scale).toBe('detector')
    expect(stackFrom([only], '/s').slices[0]).toMatchObject({ scale: 'detector', spacing: [0.2, 0.2] })
  })

  it('is mm in the patient where the spacing was calibrated away from the detector', () => {
    const calibrated = made({ number: 1, more: { ...dx, '00181164': element('DS', 0.6, 0.6) } })
    expect(stackFrom([calibrated], '/s').slices[0]).toMatchObject({ scale: 'patient', spacing: [0.5, 0.5] })
  })

  it('is pixels where the spacing is absent or nought', () => {
    const nought = made({ number: 1, more: { ...dx, '00280030': element('DS', 0, 0) } })
    expect(stackFrom([nought], '/s').slices[0]).toMatchObject({ scale: 'none', spacing: undefined })
  })
})
