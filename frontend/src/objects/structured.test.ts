import { describe, expect, it } from 'vitest'

import type { Attributes } from '@/viewer/dicom'
import { element } from '@/viewer/samples'

import { homesOf, keyImagesOf, moment, reportOf } from './structured'

const code = (scheme: string, value: string, meaning: string): Attributes => ({
  '00080100': element('SH', value), '00080102': element('SH', scheme), '00080104': element('LO', meaning),
})

function item(kind: string, name: Attributes | undefined, more: Attributes = {}, ...children: Attributes[]): Attributes {
  return {
    '0040A040': element('CS', kind),
    ...(name === undefined ? {} : { '0040A043': element('SQ', name) }),
    ...(children.length === 0 ? {} : { '0040A730': element('SQ', ...children) }),
    ...more,
  }
}
const image = (sop: string): Attributes => item('IMAGE', code('SCT', '260753009', 'Source'), { '00081199': element('SQ', { '00081155': element('UI', sop), '00081160': element('IS', 3) }) })
const evidence = element('SQ', { '00081115': element('SQ', { '0020000E': element('UI', '1.9'), '00081199': element('SQ', { '00081155': element('UI', '1.9.1') }) }) })

const group = item(
  'CONTAINER', code('DCM', '125007', 'Measurement Group'), {},
  item('TEXT', code('DCM', '112039', 'Tracking Identifier'), { '0040A160': element('UT', '病灶 1') }),
  item('CODE', code('SCT', '363698007', 'Finding Site'), { '0040A168': element('SQ', code('SCT', '39607008', 'Lung')) }),
  item('NUM', code('SCT', '410668003', 'Length'), { '0040A300': element('SQ', { '0040A30A': element('DS', 12.5), '004008EA': element('SQ', code('UCUM', 'mm', 'millimeter')) }) }, image('1.9.1')),
)
const report: Attributes = { ...item('CONTAINER', code('DCM', '126000', 'Imaging Measurement Report'), { '0040A491': element('CS', 'COMPLETE'), '0040A375': evidence }, group) }

describe('a measurement report', () => {
  it('becomes a table with what was measured where, and its images', () => {
    expect(reportOf(report, 'zh-CN').rows).toEqual([
      { subject: '病灶 1', finding: '', site: '肺', measure: '长度', value: '12.5', unit: 'mm', images: [{ sop: '1.9.1', series: '1.9', frame: 3 }] },
    ])
  })

  it('is told in the words that came with the codes to whoever reads English', () => {
    const { title, rows } = reportOf(report, 'en')
    expect([title, rows[0]?.site, rows[0]?.measure]).toEqual(['Imaging Measurement Report', 'Lung', 'Length'])
  })

  it('says a code itself where it has no words', () => {
    expect(reportOf(item('CONTAINER', code('99X', '7', '')), 'zh-CN').title).toBe('99X|7')
  })
})

describe('values', () => {
  const value = (kind: string, more: Attributes) => reportOf(item('CONTAINER', undefined, {}, item(kind, undefined, more)), 'zh-CN').root.children[0]?.value

  it('are told by their type', () => {
    expect(value('PNAME', { '0040A123': { vr: 'PN', Value: [{ Alphabetic: 'Ouyang^Ceshi', Ideographic: '欧阳^测试' }] } })).toBe('欧阳 测试')
    expect(value('DATE', { '0040A121': element('DA', '20150819') })).toBe('2015-08-19')
    expect(value('TIME', { '0040A122': element('TM', '112153.5') })).toBe('11:21:53')
    expect(value('NUM', { '0040A300': element('SQ') })).toBe('—')
    expect(moment('20150819112153')).toBe('2015-08-19 11:21:53')
  })
})

describe('key images', () => {
  it('are found with the series that the evidence names, in order', () => {
    const selection = item('CONTAINER', code('DCM', '113000', 'Of Interest'), { '0040A375': evidence }, item('TEXT', code('DCM', '113012', 'Key Object Description'), { '0040A160': element('UT', '看这里') }), image('1.9.1'), image('1.9.7'))
    expect(homesOf(selection).get('1.9.1')).toBe('1.9')
    const found = keyImagesOf(selection, 'zh-CN')
    expect([found.title, found.words]).toEqual(['关注图像', ['看这里']])
    expect(found.images.map(({ sop, series }) => [sop, series])).toEqual([['1.9.1', '1.9'], ['1.9.7', '']])
  })
})
