/** The tools under the pointer and the lengths that were measured. */
import { eventTarget } from '@cornerstonejs/core'
import { addTool, annotation, Enums, LengthTool, PanTool, ToolGroupManager, type Types, WindowLevelTool, ZoomTool } from '@cornerstonejs/tools'

import { sliceOf } from './loading'
import type { Slice } from '../slices'

/** 'scroll' and 'point' are ours (Viewport.vue): the library's tools leave the left button alone. */
export type ReadingTool = 'scroll' | 'point' | 'window' | 'zoom' | 'pan' | 'length'

export interface Length {
  id: string
  slice: Slice
  /** In `unit`. */
  value: number
  unit: 'mm' | 'px'
  /** The scale is that of the detector plane, so that the true size is smaller. */
  atDetector: boolean
}

const GROUP = 'reading'
const NAMES: Record<Exclude<ReadingTool, 'scroll' | 'point'>, string> = {
  window: WindowLevelTool.toolName as string,
  zoom: 'ZoomByMouse',
  pan: PanTool.toolName as string,
  length: LengthTool.toolName,
}
const TOUCH_ZOOM = ZoomTool.toolName as string
const { MouseBindings } = Enums
const TEXT = { textBoxFontFamily: 'system-ui, "Noto Sans SC", sans-serif', textBoxFontSize: '13px', textBoxBackground: 'rgba(0, 0, 0, 0.6)' }

interface Stats {
  length?: number
  unit?: string
}

type Data = Types.Annotation['data']

/** An ultrasound image has its scale in regions; any other without a spacing has none at all. */
function isScaled(slice: Slice): boolean {
  return slice.scale !== 'none' || slice.attributes['00186011'] !== undefined
}

/** The library writes 'mm', 'px', 'cm US Region' …; everything that is a distance becomes mm. */
function measured(data: Data, slice: Slice): { value: number; unit: 'mm' | 'px' } | undefined {
  const stats = Object.values(data.cachedStats ?? {})[0] as Stats | undefined
  if (stats?.length === undefined || Number.isNaN(stats.length)) return undefined
  const unit = isScaled(slice) ? (stats.unit ?? 'px') : 'px'
  if (unit.startsWith('cm')) return { value: stats.length * 10, unit: 'mm' }
  return { value: stats.length, unit: unit.startsWith('mm') ? 'mm' : 'px' }
}

/** Words beside a line when the scale is the detector's; set by the page in the person's language. */
let detectorWord = ''

export function sayDetector(word: string): void {
  detectorWord = word
}

function lengthOf(found: Types.Annotation): Length | undefined {
  const slice = sliceOf(found.metadata?.referencedImageId ?? '')
  if (slice === undefined) return undefined
  const size = measured(found.data, slice)
  if (size === undefined || found.annotationUID === undefined) return undefined
  return { id: found.annotationUID, slice, ...size, atDetector: slice.scale === 'detector' }
}

function lines(data: Data, targetId: string): string[] {
  const slice = sliceOf(targetId.replace(/^imageId:/, ''))
  if (slice === undefined) return []
  const size = measured(data, slice)
  if (size === undefined) return []
  const shown = `${size.value.toFixed(1)} ${size.unit}`
  return [slice.scale === 'detector' ? `${shown} ${detectorWord}` : shown]
}

function theGroup(): NonNullable<ReturnType<typeof ToolGroupManager.getToolGroup>> {
  const known = ToolGroupManager.getToolGroup(GROUP)
  if (known !== undefined) return known
  for (const tool of [WindowLevelTool, ZoomTool, PanTool, LengthTool]) addTool(tool)
  const group = ToolGroupManager.createToolGroup(GROUP)
  if (group === undefined) throw new Error('tool group was not made')
  group.addTool(NAMES.window)
  group.addTool(TOUCH_ZOOM)
  // A stroke upwards enlarges; turned round, a pinch would shrink, so that fingers have an instance of their own.
  group.addToolInstance(NAMES.zoom, TOUCH_ZOOM, { invert: true })
  group.addTool(NAMES.pan)
  group.addTool(NAMES.length, { getTextLines: lines })
  group.setToolActive(NAMES.zoom, { bindings: [{ mouseButton: MouseBindings.Secondary }] })
  group.setToolActive(TOUCH_ZOOM, { bindings: [{ numTouchPoints: 2 }] })
  group.setToolActive(NAMES.pan, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] })
  group.setToolPassive(NAMES.length)
  const style = annotation.config.style
  style.setDefaultToolStyles({ global: { ...style.getDefaultToolStyles().global, ...TEXT } })
  return group
}

export function joinTools(viewId: string, engineId: string): void {
  theGroup().addViewport(viewId, engineId)
}

export function leaveTools(viewId: string, engineId: string): void {
  theGroup().removeViewports(engineId, viewId)
}

/** Puts a tool under the left button of every picture. */
export function take(tool: ReadingTool): void {
  const group = theGroup()
  for (const name of Object.values(NAMES)) {
    if (group.getToolOptions(name)?.bindings.some((binding) => binding.mouseButton === MouseBindings.Primary)) group.setToolPassive(name)
  }
  if (tool !== 'scroll' && tool !== 'point') group.setToolActive(NAMES[tool], { bindings: [{ mouseButton: MouseBindings.Primary }] })
}

export function measurements(): Length[] {
  const all = annotation.state.getAllAnnotations().filter((found) => found.metadata?.toolName === NAMES.length)
  return all.map(lengthOf).filter((found) => found !== undefined)
}

/** Tells the measurements whenever they change; returns the way to stop listening. */
export function onMeasured(tell: (found: Length[]) => void): () => void {
  const again = (): void => { tell(measurements()) }
  const names = [Enums.Events.ANNOTATION_COMPLETED, Enums.Events.ANNOTATION_MODIFIED, Enums.Events.ANNOTATION_REMOVED]
  for (const name of names) eventTarget.addEventListener(name, again)
  return () => {
    for (const name of names) eventTarget.removeEventListener(name, again)
  }
}

export function forgetMeasurement(id: string): void {
  annotation.state.removeAnnotation(id)
}

export function forgetMeasurements(): void {
  annotation.state.removeAllAnnotations()
}

/** The measurement that was clicked last, if it is still there. */
export function selectedMeasurement(): string | undefined {
  return annotation.selection.getAnnotationsSelected()[0]
}
