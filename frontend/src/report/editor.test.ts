import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { i18n } from '@/i18n'

import ConflictChoice from './ConflictChoice.vue'
import CriticalChoice from './CriticalChoice.vue'
import KeyImages from './KeyImages.vue'

const global = { plugins: [i18n] }

describe('a conflict', () => {
  const props = { section: '影像所见', mine: '同\n我的', theirs: '同\n对方的', who: '李敏' }

  it('shows both texts and marks what differs', () => {
    const shown = mount(ConflictChoice, { props, global })
    expect(shown.findAll('.differs').map((line) => line.text())).toEqual(['我的', '对方的'])
    expect(shown.text()).toContain('李敏')
  })

  it('takes either text, or both after they were looked over', async () => {
    const shown = mount(ConflictChoice, { props, global })
    const [mine, theirs, both] = shown.findAll('button')
    await mine?.trigger('click')
    await theirs?.trigger('click')
    await both?.trigger('click')
    expect(shown.find('textarea').element.value).toBe('同\n我的\n对方的')
    await shown.find('textarea').setValue('同\n合并')
    await shown.find('.main').trigger('click')
    expect(shown.emitted('settle')).toEqual([['同\n我的'], ['同\n对方的'], ['同\n合并']])
  })
})

describe('key images', () => {
  const images = [
    { sop_uid: '1', frame: 1, caption: '甲' },
    { sop_uid: '2', frame: 3, caption: '' },
  ]

  it('take a caption, move forward and go', async () => {
    const shown = mount(KeyImages, { props: { images, name: '关键图像', writable: true }, global })
    await shown.findAll('input')[1]?.setValue('乙')
    const buttons = shown.findAll('li:last-child .small')
    await buttons[0]?.trigger('click')
    await buttons[1]?.trigger('click')
    expect(shown.emitted('change')).toEqual([[[images[0], { ...images[1], caption: '乙' }]], [[images[1], images[0]]], [[images[0]]]])
  })

  it('cannot be changed by a reader', () => {
    const shown = mount(KeyImages, { props: { images, name: '', writable: false }, global })
    expect([shown.findAll('.small').length, shown.find('input').attributes('readonly')]).toEqual([0, ''])
  })
})

describe('the critical finding', () => {
  it('is chosen already when the text names exactly one', () => {
    const one = mount(CriticalChoice, { props: { terms: ['急性脑出血'], alerts: [], modelValue: '' }, global })
    expect(one.emitted('update:modelValue')).toEqual([['急性脑出血']])
    const two = mount(CriticalChoice, { props: { terms: ['急性脑出血', '脑疝'], alerts: [], modelValue: '' }, global })
    expect(two.emitted('update:modelValue')).toBeUndefined()
  })

  it('may be another, in words', async () => {
    const shown = mount(CriticalChoice, { props: { terms: [], alerts: [], modelValue: '' }, global })
    await shown.findAll('input[type=radio]')[1]?.setValue()
    await shown.find('input[type=text]').setValue('张力性气胸')
    expect(shown.emitted('update:modelValue')?.at(-1)).toEqual(['张力性气胸'])
  })
})
