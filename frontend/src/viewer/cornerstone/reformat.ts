/** A plane cut through a volume: where it lies, how thick it is, what is laid over it. */
import { Enums, type Types } from '@cornerstonejs/core'

import { text, type Vector } from '../dicom'
import { FrameRefused } from '../frames'
import { dot, minus, opposite, turned } from '../geometry'
import { type Place, plus } from '../place'
import { type Fusion, NO_SLAB, type PaneState, type Plane, type Slab } from '../shared'
import type { Slice } from '../slices'
import { centreOf, planesOf, valueAt, valueThrough } from '../volumes'
import { ownWindow, rangeOf, type Window, windowFrom, windowOf } from '../windows'
import { cameraOf, onCanvas, plain, putCamera } from './camera'
import { pixelsOf, start } from './images'
import { Screen } from './screen'
import { NOTHING, type Probe, type Seen } from './view'
import { dropVolume, type Held, holdVolume } from './volume'

type Reformatted = Exclude<Plane, 'stack' | 'solid'>

const ORIENTATIONS: Record<Reformatted, Enums.OrientationAxis> = {
  axial: Enums.OrientationAxis.AXIAL,
  sagittal: Enums.OrientationAxis.SAGITTAL,
  coronal: Enums.OrientationAxis.CORONAL,
  oblique: Enums.OrientationAxis.AXIAL,
}
const BLENDS: Record<Slab['blend'], Enums.BlendModes> = {
  none: Enums.BlendModes.COMPOSITE,
  mip: Enums.BlendModes.MAXIMUM_INTENSITY_BLEND,
  minip: Enums.BlendModes.MINIMUM_INTENSITY_BLEND,
  average: Enums.BlendModes.AVERAGE_INTENSITY_BLEND,
}

export class Reformat {
  private slices: Slice[] = []
  private seen: Seen = NOTHING
  private held: Held | undefined
  private over: { held: Held; fusion: Fusion } | undefined
  private turn = 0
  private slab: Slab = NO_SLAB
  private initial: Window | undefined
  private coming: Promise<boolean> = Promise.resolve(false)
  private readonly screen: Screen<Types.IVolumeViewport>

  private constructor(
    element: HTMLDivElement,
    private plane: Reformatted,
    private readonly changed: (seen: Seen) => void,
  ) {
    this.screen = new Screen<Types.IVolumeViewport>(element, Enums.ViewportType.ORTHOGRAPHIC, { orientation: ORIENTATIONS[plane] }, () => { this.refresh() })
    this.screen.refit = () => { this.refit() }
  }

  /** Opens a picture in `element`, which must be laid out already. `changed` is told of every change on the screen. */
  static async open(element: HTMLDivElement, changed: (seen: Seen) => void, plane: Reformatted): Promise<Reformat> {
    await start()
    return new Reformat(element, plane, changed)
  }

  get element(): HTMLDivElement {
    return this.screen.element
  }

  close(): void {
    this.turn += 1
    this.screen.close()
    this.drop()
  }

  private drop(): void {
    for (const held of [this.held, this.over?.held]) if (held !== undefined) dropVolume(held.id)
    this.held = this.over = undefined
  }

  /** Cuts through the volume of the pass that `index` belongs to, at `at` (mm, LPS), else through its middle. */
  show(slices: Slice[], index: number, at?: Vector): void {
    this.slices = slices
    this.tell({ ...NOTHING })
    this.coming = this.bring(++this.turn, slices[index]?.pass ?? 1, at)
  }

  grow(slices: Slice[]): void {
    this.show(slices, 0, this.middle)
  }

  again(): void {
    this.show(this.slices, 0, this.middle)
  }

  private async bring(turn: number, pass: number, at: Vector | undefined): Promise<boolean> {
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
      await this.display(held, at)
      return turn === this.turn
    } catch (reason) {
      if (turn === this.turn) this.tell({ ...this.seen, refused: reason instanceof FrameRefused ? reason.status : 0 })
      return false
    }
  }

  private async display(held: Held, at: Vector | undefined): Promise<void> {
    const before = [this.held, this.over?.held]
    this.held = held
    this.over = undefined
    await this.port.setVolumes([{ volumeId: held.id }])
    for (const old of before) if (old !== undefined) dropVolume(old.id)
    this.screen.isEmpty = false
    this.screen.fit()
    this.initial = this.firstWindow(held)
    this.port.setProperties({ voiRange: rangeOf(this.initial) }, held.id)
    this.putSlab(this.slab)
    this.through(at ?? centreOf(held.sound.grid), at !== undefined)
    this.port.render()
    this.refresh()
  }

  private firstWindow(held: Held): Window {
    const middle = held.sound.slices[Math.floor(held.sound.slices.length / 2)]
    const pixels = middle && pixelsOf(middle)
    return (middle && ownWindow(middle.attributes)) ?? (pixels && windowOf(pixels.values)) ?? { width: 400, center: 40 }
  }

  private get port(): Types.IVolumeViewport {
    return this.screen.port
  }

  /** From the reader into the screen: the way the planes are counted. */
  private get inwards(): Vector {
    return opposite(cameraOf(this.port).view_plane_normal)
  }

  private planes(): { first: number; step: number; count: number } {
    return this.held === undefined ? { first: 0, step: 1, count: 0 } : planesOf(this.held.sound.grid, this.inwards)
  }

  /** Moves the plane to a point; `centred` brings the point into the middle of the screen too. */
  private through(point: Vector, centred = false): void {
    const { focal_point, position, view_plane_normal } = cameraOf(this.port)
    const apart = minus(point, focal_point)
    const move = centred ? apart : plus([0, 0, 0], view_plane_normal, dot(apart, view_plane_normal))
    this.port.setCamera({ focalPoint: [...plus(focal_point, move)], position: [...plus(position, move)] })
  }

  private refit(): void {
    const { middle } = this
    if (middle === undefined || this.plane === 'oblique') return
    this.port.resetCamera()
    this.through(middle)
  }

  scrollTo(index: number): void {
    const { first, step, count } = this.planes()
    if (count === 0) return
    const wanted = Math.max(0, Math.min(count - 1, index))
    this.through(plus([0, 0, 0], this.inwards, first + wanted * step))
    this.port.render()
  }

  scrollBy(steps: number): void {
    this.scrollTo(this.seen.shown + steps)
  }

  moveTo(point: Vector): void {
    if (this.held === undefined) return
    this.through(point)
    this.port.render()
  }

  /** Tilts the plane about an axis (unit vector) through a point, in radians: it is oblique from then on. */
  tilt(axis: Vector, angle: number, about: Vector): void {
    if (this.held === undefined) return
    const camera = cameraOf(this.port)
    const around = (point: Vector): Vector => plus(about, turned(minus(point, about), axis, angle))
    this.plane = 'oblique'
    this.screen.isFitted = false
    putCamera(this.port, {
      ...camera,
      focal_point: around(camera.focal_point),
      position: around(camera.position),
      view_up: turned(camera.view_up, axis, angle),
      view_plane_normal: turned(camera.view_plane_normal, axis, angle),
    })
    this.port.render()
  }

  get place(): Place | undefined {
    if (this.held === undefined) return undefined
    return { frame: this.held.sound.frame, point: cameraOf(this.port).focal_point, normal: this.inwards }
  }

  get middle(): Vector | undefined {
    return this.held === undefined ? undefined : cameraOf(this.port).focal_point
  }

  pointAt(x: number, y: number): Vector {
    return plain(this.port.canvasToWorld([x, y]))
  }

  spotOf(point: Vector): readonly [number, number] {
    return onCanvas(this.port, point)
  }

  setWindow(window: Window | 'own' | 'auto'): void {
    if (this.held === undefined) return
    const middle = this.held.sound.slices[Math.floor(this.held.sound.slices.length / 2)]
    const pixels = middle && pixelsOf(middle)
    const wanted = typeof window === 'object' ? window : window === 'auto' ? pixels && windowOf(pixels.values) : this.firstWindow(this.held)
    if (wanted === undefined) return
    this.port.setProperties({ voiRange: rangeOf(wanted) }, this.held.id)
    this.port.render()
  }

  invert(): void {
    if (this.held === undefined) return
    this.port.setProperties({ invert: !this.seen.inverted }, this.held.id)
    this.port.render()
    this.refresh()
  }

  reset(): void {
    if (this.held === undefined || this.initial === undefined) return
    if (this.plane === 'oblique') this.port.setOrientation(Enums.OrientationAxis.AXIAL)
    this.screen.fit()
    this.through(centreOf(this.held.sound.grid))
    this.port.setProperties({ invert: false, voiRange: rangeOf(this.initial) }, this.held.id)
    this.setSlab(NO_SLAB)
  }

  /** One voxel of the image on one pixel of the screen. */
  fullSize(): void {
    if (this.held === undefined) return
    this.screen.isFitted = false
    this.port.setCamera({ parallelScale: (this.screen.element.clientHeight * window.devicePixelRatio * this.held.sound.grid.spacing[1]) / 2 })
    this.port.render()
  }

  setSlab(slab: Slab): void {
    this.slab = slab
    if (this.held === undefined) return
    this.putSlab(slab)
    this.port.render()
    this.refresh()
  }

  private putSlab(slab: Slab): void {
    this.port.setBlendMode(BLENDS[slab.blend])
    this.port.setSlabThickness(slab.blend === 'none' ? 0 : slab.thickness_mm)
  }

  /** Lays another series of the same frame of reference over this one; undefined takes it off. */
  async fuse(slices: Slice[] | undefined, fusion: Fusion | undefined): Promise<boolean> {
    if (!(await this.coming) || this.held === undefined) return false
    const { turn } = this
    if (slices === undefined || fusion === undefined) {
      if (this.over !== undefined) await this.redraw([{ volumeId: this.held.id }])
      if (this.over !== undefined) dropVolume(this.over.held.id)
      this.over = undefined
      this.refresh()
      return true
    }
    if (this.over?.fusion.series_uid !== fusion.series_uid) {
      const held = await holdVolume(slices, 1)
      if (typeof held === 'string') return false
      if (turn !== this.turn || held.sound.frame !== this.held.sound.frame) {
        dropVolume(held.id)
        return false
      }
      if (this.over !== undefined) dropVolume(this.over.held.id)
      this.over = { held, fusion }
      await this.redraw([{ volumeId: this.held.id }, { volumeId: held.id }])
    }
    this.over = { held: this.over?.held ?? this.held, fusion }
    const window = fusion.window ?? this.firstWindow(this.over.held)
    this.port.setProperties({ colormap: { name: fusion.colormap, opacity: fusion.opacity }, voiRange: rangeOf(window) }, this.over.held.id)
    this.port.render()
    this.refresh()
    return true
  }

  /** Other volumes in the same picture: the camera, the window and the slab stay. */
  private async redraw(volumes: { volumeId: string }[]): Promise<void> {
    const camera = cameraOf(this.port)
    const { window, inverted } = this.seen
    await this.port.setVolumes(volumes)
    putCamera(this.port, camera)
    if (window !== undefined) this.port.setProperties({ voiRange: rangeOf(window) }, volumes[0]?.volumeId)
    if (inverted) this.port.setProperties({ invert: true }, volumes[0]?.volumeId)
    this.putSlab(this.slab)
    this.port.render()
  }

  /** The value under a point of the element: between voxels, or through the slab. */
  probe(x: number, y: number): Probe | undefined {
    if (this.held === undefined || this.seen.shown < 0) return undefined
    const at = this.pointAt(x, y)
    const { sound, voxel } = this.held
    const { blend, thickness_mm } = this.slab
    const value = blend === 'none' ? valueAt(sound.grid, voxel, at) : valueThrough(sound.grid, voxel, at, this.inwards, thickness_mm, blend)
    return value === undefined ? undefined : { column: -1, row: -1, at, values: [value], exact: false }
  }

  state(): PaneState | undefined {
    const [first] = this.held?.sound.slices ?? []
    if (first === undefined || this.seen.shown < 0) return undefined
    const { window } = this.seen
    return {
      study_uid: text(first.attributes, '0020000D'),
      series_uid: text(first.attributes, '0020000E'),
      sop_uid: '',
      frame: 0,
      frame_of_reference_uid: this.held?.sound.frame ?? '',
      plane: this.plane,
      camera: cameraOf(this.port),
      ...(window === undefined ? {} : { window: { ...window, function: 'LINEAR', inverted: this.seen.inverted } }),
      slab: this.slab,
      ...(this.over === undefined ? {} : { fusion: this.over.fusion }),
    }
  }

  async apply(state: PaneState): Promise<boolean> {
    if (!(await this.coming) || this.held === undefined) return false
    if (state.plane !== 'stack' && state.plane !== 'solid') this.plane = state.plane
    if (state.camera !== undefined) {
      this.screen.isFitted = false
      putCamera(this.port, state.camera)
    }
    if (state.window !== undefined) this.port.setProperties({ voiRange: rangeOf(state.window), invert: state.window.inverted }, this.held.id)
    this.setSlab(state.slab ?? NO_SLAB)
    return true
  }

  private refresh(): void {
    if (this.held === undefined || this.screen.isEmpty) return
    const { first, step, count } = this.planes()
    const { voiRange, invert } = this.port.getProperties(this.held.id) ?? {}
    const at = dot(cameraOf(this.port).focal_point, this.inwards)
    const shown = Math.max(0, Math.min(count - 1, Math.round((at - first) / step)))
    this.tell({
      ...this.seen,
      shown,
      wanted: shown,
      refused: undefined,
      isWhole: true,
      count,
      window: voiRange && windowFrom(voiRange),
      inverted: invert ?? false,
      zoom: this.port.getZoom(),
      edges: this.screen.edges,
      cut: { plane: this.plane, at, step, slab: this.slab, mended: this.held.sound.mend },
    })
  }

  private tell(seen: Seen): void {
    this.seen = seen
    this.changed(seen)
  }
}
