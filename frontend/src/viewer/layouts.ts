/** How the pictures share the screen. */
import type { Plane } from './shared'

export interface Layout {
  columns: string
  rows: string
  count: number
  /** What each picture cuts out of the series in view; absent where every picture has a series of its own. */
  planes?: Plane[]
  /** The first picture fills its whole column. */
  tall?: boolean
}

export const LAYOUTS = {
  '1x1': { columns: '1fr', rows: '1fr', count: 1 },
  '1x2': { columns: '1fr 1fr', rows: '1fr', count: 2 },
  '2x2': { columns: '1fr 1fr', rows: '1fr 1fr', count: 4 },
  '2x3': { columns: '1fr 1fr 1fr', rows: '1fr 1fr', count: 6 },
  mpr: { columns: '1.4fr 1fr', rows: '1fr 1fr', count: 3, planes: ['axial', 'coronal', 'sagittal'], tall: true },
  mprRow: { columns: '1fr 1fr 1fr', rows: '1fr', count: 3, planes: ['axial', 'coronal', 'sagittal'] },
  mprSolid: { columns: '1fr 1fr', rows: '1fr 1fr', count: 4, planes: ['axial', 'coronal', 'sagittal', 'solid'] },
} as const satisfies Record<string, Layout>

export type LayoutName = keyof typeof LAYOUTS

export const LAYOUT_NAMES = Object.keys(LAYOUTS) as LayoutName[]

export function layoutOf(name: LayoutName): Layout {
  return LAYOUTS[name]
}

export function isLayout(name: string): name is LayoutName {
  return name in LAYOUTS
}

/** The next one by key: only those whose pictures are stacks. */
export function nextLayout(name: LayoutName): LayoutName {
  const plain = LAYOUT_NAMES.filter((one) => layoutOf(one).planes === undefined)
  return plain[(plain.indexOf(name) + 1) % plain.length] ?? '1x1'
}
