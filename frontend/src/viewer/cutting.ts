/** What the reader does with a picture beyond scrolling: thick and thin slices, slabs, bodies, size. */
import { computed, type ComputedRef, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'

import { type AnyView, Reformat, type Rendering, Solid } from './cornerstone'
import { siblingOf } from './hanging'
import { type LayoutName, layoutOf } from './layouts'
import type { Pane, usePanes } from './panes'
import type { SeriesRow } from './series'
import type { Slab } from './shared'

interface Parts {
  rows: Readonly<Ref<SeriesRow[]>>
  panes: readonly Pane[]
  active: Readonly<Ref<number>>
  layout: Readonly<Ref<LayoutName>>
  pane: ComputedRef<Pane>
  acts: Pick<ReturnType<typeof usePanes>, 'picture' | 'show'>
}

export function useCutting({ rows, panes, active, layout, pane, acts }: Parts) {
  const { t } = useI18n()
  const sibling = computed(() => (pane.value.row === undefined ? undefined : siblingOf(pane.value.row, rows.value)))
  const siblingWords = computed(() => {
    const [mine, other] = [pane.value.row?.thickness, sibling.value?.thickness]
    return other === undefined ? undefined : t(other < (mine ?? 0) ? 'viewer.cut.thin' : 'viewer.cut.thick', { mm: Math.round(other * 100) / 100 })
  })

  function viewAt(index: number): AnyView | undefined {
    return acts.picture(index)?.view
  }

  /** The same place, window and size in the other slices of this exam. */
  async function swapSibling(): Promise<void> {
    const view = acts.picture()?.view
    if (sibling.value !== undefined) await acts.show(sibling.value, undefined, active.value, view?.place?.point, view?.state())
  }

  /** In a layout of planes all of them get thick. */
  function setSlab(slab: Slab): void {
    panes.forEach((_, index) => {
      const view = viewAt(index)
      if (view instanceof Reformat && (index === active.value || layoutOf(layout.value).planes !== undefined)) view.setSlab(slab)
    })
  }

  function setRendering(rendering: Rendering): void {
    const view = viewAt(active.value)
    if (view instanceof Solid) view.setRendering(rendering)
  }

  function setSize(size: 'fit' | 'full'): void {
    const view = viewAt(active.value)
    if (size === 'full') view?.fullSize()
    else view?.reset()
  }

  return { siblingWords, viewAt, swapSibling, setSlab, setRendering, setSize }
}
