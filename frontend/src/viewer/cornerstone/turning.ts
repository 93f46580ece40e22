/** Under the left button a body turns round; the reading tools do not belong there. */
import { addTool, Enums, PanTool, ToolGroupManager, TrackballRotateTool, ZoomTool } from '@cornerstonejs/tools'

const GROUP = 'turning'
const { MouseBindings } = Enums

function theGroup(): NonNullable<ReturnType<typeof ToolGroupManager.getToolGroup>> {
  const known = ToolGroupManager.getToolGroup(GROUP)
  if (known !== undefined) return known
  for (const tool of [TrackballRotateTool, ZoomTool, PanTool]) addTool(tool)
  const group = ToolGroupManager.createToolGroup(GROUP)
  if (group === undefined) throw new Error('tool group was not made')
  for (const tool of [TrackballRotateTool, ZoomTool, PanTool]) group.addTool(tool.toolName as string)
  group.setToolActive(TrackballRotateTool.toolName as string, { bindings: [{ mouseButton: MouseBindings.Primary }] })
  group.setToolActive(ZoomTool.toolName as string, { bindings: [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }] })
  group.setToolActive(PanTool.toolName as string, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] })
  return group
}

export function joinTurning(viewId: string, engineId: string): void {
  theGroup().addViewport(viewId, engineId)
}

export function leaveTurning(viewId: string, engineId: string): void {
  theGroup().removeViewports(engineId, viewId)
}
