/** A viewport in an element of the page: its size, whether the reader has moved the picture, and its end. */
import { Enums, RenderingEngine, type Types } from '@cornerstonejs/core'

import { cross, letters, opposite } from '../geometry'
import { cameraOf, type Port } from './camera'
import { joinTools, leaveTools } from './tools'

export interface Edges {
  top: string
  right: string
  bottom: string
  left: string
}

let engine: RenderingEngine | undefined
let opened = 0

export function theEngine(): RenderingEngine {
  engine ??= new RenderingEngine('reading')
  return engine
}

export class Screen<Kind extends Port> {
  readonly id: string
  /** The reader has not zoomed or moved: the picture fills whatever room it gets. */
  isFitted = true
  /** Fits the picture into its room once more; a plane keeps its place while it does. */
  refit = (): void => { this.port.resetCamera() }
  /** Nothing is shown yet: a change of size changes nothing. */
  isEmpty = true
  private held = false
  private readonly observer: ResizeObserver
  private readonly release = (): void => {
    this.held = false
  }

  /** `changed` is told when the window, the camera or the colours have changed, by whoever. */
  constructor(
    readonly element: HTMLDivElement,
    private readonly type: Enums.ViewportType,
    options: Types.ViewportInputOptions,
    changed: () => void,
  ) {
    opened += 1
    this.id = `view-${String(opened)}`
    theEngine().enableElement({ viewportId: this.id, type, element, defaultOptions: { background: [0, 0, 0], ...options } })
    if (type !== Enums.ViewportType.VOLUME_3D) joinTools(this.id, 'reading')
    for (const name of [Enums.Events.VOI_MODIFIED, Enums.Events.CAMERA_MODIFIED]) element.addEventListener(name, changed)
    element.addEventListener(Enums.Events.CAMERA_MODIFIED, () => (this.isFitted &&= !this.held))
    element.addEventListener('pointerdown', () => (this.held = true))
    window.addEventListener('pointerup', this.release)
    this.observer = new ResizeObserver(() => { this.resize() })
    this.observer.observe(element)
    this.changed = changed
  }

  private readonly changed: () => void

  get port(): Kind {
    const port: unknown = theEngine().getViewport(this.id)
    return port as Kind
  }

  fit(): void {
    this.isFitted = true
    this.port.resetCamera()
  }

  /** The letters of the patient's directions at the four edges. */
  get edges(): Edges {
    const { view_up, view_plane_normal } = cameraOf(this.port)
    const right = cross(view_up, view_plane_normal)
    return { top: letters(view_up), bottom: letters(opposite(view_up)), right: letters(right), left: letters(opposite(right)) }
  }

  close(): void {
    this.observer.disconnect()
    window.removeEventListener('pointerup', this.release)
    for (const name of [Enums.Events.VOI_MODIFIED, Enums.Events.CAMERA_MODIFIED]) this.element.removeEventListener(name, this.changed)
    if (this.type !== Enums.ViewportType.VOLUME_3D) leaveTools(this.id, 'reading')
    theEngine().disableElement(this.id)
  }

  private resize(): void {
    theEngine().resize(true, true)
    if (!this.isFitted || this.isEmpty) return
    this.refit()
    this.port.render()
  }
}
