/** A volume as a body that can be turned round. */
import { Enums, type Types } from '@cornerstonejs/core'

import { text, type Vector } from '../dicom'
import { FrameRefused } from '../frames'
import type { Place } from '../place'
import { NO_SLAB, type PaneState } from '../shared'
import type { Slice } from '../slices'
import { cameraOf, onCanvas, plain, putCamera } from './camera'
import { start } from './images'
import { Screen } from './screen'
import { joinTurning, leaveTurning } from './turning'
import { NOTHING, type Probe, type Seen } from './view'
import { dropVolume, type Held, holdVolume } from './volume'

/** Ways of lighting a body, with the library's name of each; the keys are words of words.ts. */
export const RENDERINGS = {
  bone: 'CT-Bone',
  vessel: 'CT-AAA',
  lung: 'CT-Lung',
  skin: 'CT-Muscle',
  mr: 'MR-Default',
} as const

export type Rendering = keyof typeof RENDERINGS

/** Samples along a ray are this many times further apart than the library's own: a quarter of the work, hardly coarser. */
const COARSER = 2

function isRendering(name: string | undefined): name is Rendering {
  return name !== undefined && name in RENDERINGS
}

export class Solid {
  private slices: Slice[] = []
  private seen: Seen = NOTHING
  private held: Held | undefined
  private turn = 0
  private rendering: Rendering = 'bone'
  private coming: Promise<boolean> = Promise.resolve(false)
  private readonly screen: Screen<Types.IVolumeViewport>

  private constructor(
    element: HTMLDivElement,
    private readonly changed: (seen: Seen) => void,
  ) {
    this.screen = new Screen<Types.IVolumeViewport>(
      element,
      Enums.ViewportType.VOLUME_3D,
      { orientation: Enums.OrientationAxis.CORONAL, parallelProjection: true },
      () => { this.refresh() },
    )
    joinTurning(this.screen.id, 'reading')
  }

  static async open(element: HTMLDivElement, changed: (seen: Seen) => void): Promise<Solid> {
    await start()
    return new Solid(element, changed)
  }

  get element(): HTMLDivElement {
    return this.screen.element
  }

  close(): void {
    this.turn += 1
    leaveTurning(this.screen.id, 'reading')
    this.screen.close()
    if (this.held !== undefined) dropVolume(this.held.id)
    this.held = undefined
  }

  show(slices: Slice[], index: number): void {
    this.slices = slices
    this.tell({ ...NOTHING })
    this.coming = this.bring(++this.turn, slices[index]?.pass ?? 1)
  }

  grow(slices: Slice[]): void {
    this.show(slices, 0)
  }

  again(): void {
    this.show(this.slices, 0)
  }

  private async bring(turn: number, pass: number): Promise<boolean> {
    try {
      const held = await holdVolume(this.slices, pass)
      if (typeof held === 'string') {
        if (turn === this.turn) this.tell({ ...this.seen, unsound: held })
        return false
      }
      if (turn !== this.turn) {
        dropVolume(held.id)
        return false
      }
      await this.display(held)
      return true
    } catch (reason) {
      if (turn === this.turn) this.tell({ ...this.seen, refused: reason instanceof FrameRefused ? reason.status : 0 })
      return false
    }
  }

  private async display(held: Held): Promise<void> {
    const before = this.held
    this.held = held
    await this.port.setVolumes([{ volumeId: held.id }])
    if (before !== undefined) dropVolume(before.id)
    this.screen.isEmpty = false
    this.screen.fit()
    const [first] = held.sound.slices
    if (first !== undefined && text(first.attributes, '00080060') === 'MR') this.rendering = 'mr'
    this.setRendering(this.rendering)
  }

  private get port(): Types.IVolumeViewport {
    return this.screen.port
  }

  setRendering(rendering: Rendering): void {
    this.rendering = rendering
    if (this.held === undefined) return
    this.port.setProperties({ preset: RENDERINGS[rendering], sampleDistanceMultiplier: COARSER }, this.held.id)
    this.port.render()
    this.refresh()
  }

  reset(): void {
    if (this.held === undefined) return
    this.port.setOrientation(Enums.OrientationAxis.CORONAL)
    this.screen.fit()
    this.port.render()
  }

  fullSize(): void {
    this.reset()
  }

  /** Nothing of these has a meaning on a body. */
  readonly place: Place | undefined = undefined
  readonly middle: Vector | undefined = undefined
  scrollTo(): void { /* a body has no slices */ }
  scrollBy(): void { /* a body has no slices */ }
  moveTo(): void { /* a body has no slices */ }
  setWindow(): void { /* its colours come from the rendering */ }
  invert(): void { /* its colours come from the rendering */ }
  probe(): Probe | undefined { return undefined }

  pointAt(x: number, y: number): Vector {
    return plain(this.port.canvasToWorld([x, y]))
  }

  spotOf(point: Vector): readonly [number, number] {
    return onCanvas(this.port, point)
  }

  state(): PaneState | undefined {
    const [first] = this.held?.sound.slices ?? []
    if (first === undefined) return undefined
    return {
      study_uid: text(first.attributes, '0020000D'),
      series_uid: text(first.attributes, '0020000E'),
      sop_uid: '',
      frame: 0,
      frame_of_reference_uid: this.held?.sound.frame ?? '',
      plane: 'solid',
      camera: cameraOf(this.port),
      rendering: this.rendering,
    }
  }

  async apply(state: PaneState): Promise<boolean> {
    if (!(await this.coming)) return false
    if (isRendering(state.rendering)) this.setRendering(state.rendering)
    if (state.camera !== undefined) {
      this.screen.isFitted = false
      putCamera(this.port, state.camera)
    }
    this.port.render()
    return true
  }

  private refresh(): void {
    if (this.held === undefined || this.screen.isEmpty) return
    this.tell({
      ...this.seen,
      shown: 0,
      wanted: 0,
      count: 1,
      refused: undefined,
      isWhole: true,
      zoom: this.port.getZoom(),
      edges: this.screen.edges,
      rendering: this.rendering,
      cut: { plane: 'solid', at: 0, step: 0, slab: NO_SLAB, mended: this.held.sound.mend },
    })
  }

  private tell(seen: Seen): void {
    this.seen = seen
    this.changed(seen)
  }
}
