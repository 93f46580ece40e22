/** One picture on the screen: which slice, which window, where the pointer is. */
import { Enums, getShouldUseCPURendering, type Types } from '@cornerstonejs/core'

import { text, type Vector } from '../dicom'
import { FrameRefused } from '../frames'
import { frameOf, nearest, type Place, placeOf } from '../place'
import type { PaneState, Plane, Slab } from '../shared'
import type { Slice } from '../slices'
import type { Unsound } from '../volumes'
import { ownWindow, rangeOf, type Window, windowFrom, windowFunction, windowOf } from '../windows'
import { cameraOf, onCanvas, plain, putCamera } from './camera'
import { pixelsOf, start } from './images'
import { glimpse, imageIdOf, isLoaded, isVisible, load, onSharper } from './loading'
import { type Edges, Screen } from './screen'

/** What is cut out of a volume. */
export interface Cut {
  plane: Plane
  /** mm along the plane's normal, from the origin of the patient's coordinates. */
  at: number
  /** mm between the planes that are scrolled. */
  step: number
  slab: Slab
  /** The images were not a straight stack: this comes out of a mended one. */
  mended: 'none' | 'tilt' | 'spacing'
}

/** What is on the screen now. Indices count from 0; -1 while nothing is shown. */
export interface Seen {
  /** The slice whose pixels are on the screen. */
  shown: number
  /** The slice that was asked for; differs from `shown` while it loads. */
  wanted: number
  /** Why `wanted` cannot be shown: an HTTP status, or 0 when its bytes could not be decoded. */
  refused: number | undefined
  window: Window | undefined
  /** Turned round by the reader, against how the image is meant. */
  inverted: boolean
  zoom: number
  edges: Edges | undefined
  /** False while a preview made of the first bytes is shown. */
  isWhole: boolean
  /** How many pictures there are to scroll through. */
  count: number
  /** Absent while the images are shown as they were taken. */
  cut?: Cut
  /** How the body is lit, where the volume is shown as one. */
  rendering?: string
  /** Why no volume can be made of these images. */
  unsound?: Unsound
}

export interface Probe {
  /** -1 on a cut through a volume. */
  column: number
  row: number
  /** mm, LPS; on a cut through a volume. */
  at?: Vector
  /** One value, or red, green and blue. */
  values: number[]
  exact: boolean
}

export const NOTHING: Seen = { shown: -1, wanted: -1, refused: undefined, window: undefined, inverted: false, zoom: 1, edges: undefined, isWhole: false, count: 0 }
/** Slices that are only passed over while the wheel turns are not worth a request. */
const REST_BEFORE_LOADING_MS = 50

export class View {
  private slices: Slice[] = []
  private seen: Seen = NOTHING
  private turn = 0
  private setTo: 'nothing' | 'stack' = 'nothing'
  private rest: ReturnType<typeof setTimeout> | undefined
  private initial: Window | undefined
  /** What the library has really put on the screen: its own promises resolve even when that failed. */
  private displayed = ''
  private readonly stopListening: () => void
  private readonly screen: Screen<Types.IStackViewport>

  private constructor(
    element: HTMLDivElement,
    private readonly changed: (seen: Seen) => void,
  ) {
    this.screen = new Screen<Types.IStackViewport>(element, Enums.ViewportType.STACK, {}, () => { this.refresh() })
    this.stopListening = onSharper((image) => { this.sharpen(image) })
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, this.noted)
  }

  private readonly noted = (event: Event): void => {
    this.displayed = (event as CustomEvent<{ imageId: string }>).detail.imageId
  }

  /** Opens a picture in `element`, which must be laid out already. `changed` is told of every change on the screen. */
  static async open(element: HTMLDivElement, changed: (seen: Seen) => void): Promise<View> {
    await start()
    return new View(element, changed)
  }

  get element(): HTMLDivElement {
    return this.screen.element
  }

  close(): void {
    this.turn += 1
    clearTimeout(this.rest)
    this.stopListening()
    this.screen.element.removeEventListener(Enums.Events.STACK_NEW_IMAGE, this.noted)
    this.screen.close()
  }

  private get viewport(): Types.IStackViewport {
    return this.screen.port
  }

  /** Shows another series from `index` on; window, zoom and inversion start anew. */
  show(slices: Slice[], index: number, at?: Vector): void {
    this.slices = slices
    this.setTo = 'nothing'
    this.initial = undefined
    this.screen.isFitted = true
    this.tell({ ...NOTHING, count: slices.length })
    this.scrollTo((at && nearest(slices, at, slices[index]?.pass)) ?? index)
  }

  /** The same series with more of its slices there now: keeps what is on the screen. */
  grow(slices: Slice[]): void {
    const at = this.slices[this.seen.wanted]
    this.slices = slices
    const index = at === undefined ? 0 : slices.findIndex((slice) => slice.url === at.url)
    this.setTo = 'nothing'
    this.scrollTo(Math.max(0, index))
  }

  scrollTo(index: number): void {
    const wanted = Math.max(0, Math.min(this.slices.length - 1, index))
    const slice = this.slices[wanted]
    if (slice === undefined) return
    const turn = ++this.turn
    this.tell({ ...this.seen, count: this.slices.length, wanted, refused: undefined })
    clearTimeout(this.rest)
    if (isVisible(slice) || this.seen.shown < 0) void this.bring(slice, wanted, turn)
    else this.rest = setTimeout(() => void this.bring(slice, wanted, turn), REST_BEFORE_LOADING_MS)
  }

  scrollBy(steps: number): void {
    this.scrollTo(this.seen.wanted + steps)
  }

  /** Asks once more for a slice that was refused. */
  again(): void {
    this.scrollTo(this.seen.wanted)
  }

  /** First what can be seen of it soon, then, if the reader stays, the whole. */
  private async bring(slice: Slice, index: number, turn: number): Promise<void> {
    try {
      await glimpse(slice, true)
      if (turn !== this.turn) return
      await this.display(slice, index, turn)
      if (turn !== this.turn || isLoaded(slice)) return
      this.rest = setTimeout(() => void this.complete(slice, turn), REST_BEFORE_LOADING_MS)
    } catch (reason) {
      this.refuse(reason, turn)
    }
  }

  private async complete(slice: Slice, turn: number): Promise<void> {
    try {
      await load(slice, true)
    } catch (reason) {
      this.refuse(reason, turn)
    }
  }

  private refuse(reason: unknown, turn: number): void {
    if (turn === this.turn) this.tell({ ...this.seen, refused: reason instanceof FrameRefused ? reason.status : 0 })
  }

  /** The preview on the screen has become the whole image. */
  private sharpen(image: Types.IImage): void {
    if (this.seen.shown < 0 || image.imageId !== this.displayed) return
    const slice = this.slices[this.seen.shown]
    this.viewport.renderImageObject(image)
    const now = this.seen.window
    const isUntouched = now?.width === this.initial?.width && now?.center === this.initial?.center
    if (slice !== undefined && isUntouched && ownWindow(slice.attributes) === undefined) this.startWindow(slice)
    this.viewport.render()
    this.refresh()
  }

  private async display(slice: Slice, index: number, turn: number): Promise<void> {
    const { viewport } = this
    if (this.setTo === 'nothing') {
      const kept = this.initial === undefined ? undefined : { window: this.seen.window, camera: viewport.getCamera(), invert: viewport.getProperties().invert ?? false }
      this.setTo = 'stack'
      await viewport.setStack(this.slices.map(imageIdOf), index)
      if (turn !== this.turn || this.fails(slice)) return
      if (kept === undefined) this.startWindow(slice)
      else if (kept.window !== undefined) {
        viewport.setProperties({ voiRange: rangeOf(kept.window), invert: kept.invert })
        viewport.setCamera(kept.camera)
      }
    } else {
      await viewport.setImageIdIndex(index)
      if (turn !== this.turn || this.fails(slice)) return
    }
    viewport.render()
    this.refresh(index)
  }

  /** The picture could not be made although its bytes are here. */
  private fails(slice: Slice): boolean {
    if (this.displayed === imageIdOf(slice)) return false
    this.setTo = 'nothing'
    this.tell({ ...this.seen, refused: 0 })
    return true
  }

  /** One window for the whole series, from the slice that was opened: a window per slice would flicker. */
  private startWindow(slice: Slice): void {
    if (this.isColour) return
    const padding = Number(slice.attributes['00280120']?.Value?.[0] ?? Number.NaN)
    const pixels = pixelsOf(slice)
    this.initial = ownWindow(slice.attributes) ?? (pixels && windowOf(pixels.values, padding)) ?? { width: 400, center: 40 }
    // Drawn without a graphics card there is only the linear function.
    const sigmoid = windowFunction(slice.attributes) === 'SIGMOID' && !getShouldUseCPURendering()
    this.viewport.setProperties({
      voiRange: rangeOf(this.initial),
      ...(sigmoid ? { VOILUTFunction: Enums.VOILUTFunctionType.SAMPLED_SIGMOID } : {}),
    })
  }

  get isColour(): boolean {
    const slice = this.slices[this.seen.wanted]
    return slice !== undefined && (pixelsOf(slice)?.samples ?? 1) > 1
  }

  setWindow(window: Window | 'own' | 'auto'): void {
    const slice = this.slices[this.seen.shown]
    if (slice === undefined || this.isColour) return
    const pixels = pixelsOf(slice)
    const auto = pixels && windowOf(pixels.values)
    const wanted = window === 'auto' ? auto : window === 'own' ? (ownWindow(slice.attributes) ?? auto) : window
    if (wanted === undefined) return
    this.viewport.setProperties({ voiRange: rangeOf(wanted) })
    this.viewport.render()
  }

  invert(): void {
    if (this.seen.shown < 0) return
    this.viewport.setProperties({ invert: !(this.viewport.getProperties().invert ?? false) })
    this.viewport.render()
    this.refresh()
  }

  /** MONOCHROME1 shows low values bright; the library inverts it, and that is its right side up (PS3.3 C.7.6.3.1.2). */
  private get isDarkFirst(): boolean {
    return this.slices[0]?.attributes['00280004']?.Value?.[0] === 'MONOCHROME1'
  }

  /** As it was when the series was opened: window, zoom, position, inversion. */
  reset(): void {
    if (this.seen.shown < 0) return
    this.screen.fit()
    this.viewport.setProperties({
      invert: this.isDarkFirst,
      ...(this.initial === undefined ? {} : { voiRange: rangeOf(this.initial) }),
    })
    this.viewport.render()
    this.refresh()
  }

  /** The pixel under a point of the element, in CSS pixels from its upper left; undefined outside the image. */
  probe(x: number, y: number): Probe | undefined {
    const slice = this.slices[this.seen.shown]
    const pixels = slice && pixelsOf(slice)
    if (pixels === undefined || this.seen.shown !== this.seen.wanted) return undefined
    const data = this.viewport.getImageData()
    const index = data?.imageData.worldToIndex?.(this.viewport.canvasToWorld([x, y]))
    const column = Math.round(index?.[0] ?? -1)
    const row = Math.round(index?.[1] ?? -1)
    if (column < 0 || row < 0 || column >= pixels.columns || row >= pixels.rows) return undefined
    const at = (row * pixels.columns + column) * pixels.samples
    const { exact } = pixels
    return { column, row, exact, values: Array.from({ length: Math.min(3, pixels.samples) }, (_, sample) => pixels.values[at + sample] ?? 0) }
  }

  /** Where a pixel lies on the element, in CSS pixels: the inverse of `probe`. */
  placeOf(column: number, row: number): [number, number] | undefined {
    const data = this.viewport.getImageData()
    const world = this.seen.shown < 0 ? undefined : data?.imageData.indexToWorld?.([column, row, 0])
    return world && this.viewport.worldToCanvas([world[0], world[1], world[2]])
  }

  private refresh(shown = this.seen.shown): void {
    if (shown < 0) return
    const { voiRange, invert } = this.viewport.getProperties()
    const slice = this.slices[shown]
    this.tell({
      ...this.seen,
      shown,
      isWhole: slice !== undefined && isLoaded(slice),
      window: voiRange && !this.isColour ? windowFrom(voiRange) : undefined,
      inverted: (invert ?? false) !== this.isDarkFirst,
      zoom: this.viewport.getZoom(),
      edges: this.slices[shown]?.plane === undefined ? undefined : this.screen.edges,
    })
  }

  /** Where the slice that was asked for lies. */
  get place(): Place | undefined {
    const slice = this.slices[this.seen.wanted]
    return slice && placeOf(slice)
  }

  /** The point of the patient in the middle of the screen, mm LPS; undefined where the images have no geometry. */
  get middle(): Vector | undefined {
    return this.slices[this.seen.shown]?.plane === undefined ? undefined : cameraOf(this.viewport).focal_point
  }

  /** Shows the slice nearest to a point of the patient. */
  moveTo(point: Vector): void {
    const index = nearest(this.slices, point, this.slices[this.seen.wanted]?.pass)
    if (index !== undefined && index !== this.seen.wanted) this.scrollTo(index)
  }

  /** The point of the patient under a point of the element (CSS pixels), mm LPS. */
  pointAt(x: number, y: number): Vector {
    return plain(this.viewport.canvasToWorld([x, y]))
  }

  /** Where a point of the patient falls on the element, CSS pixels. */
  spotOf(point: Vector): readonly [number, number] {
    return onCanvas(this.viewport, point)
  }

  /** One pixel of the image on one pixel of the screen. */
  fullSize(): void {
    const spacing = this.slices[this.seen.shown]?.spacing?.[0] ?? 1
    if (this.seen.shown < 0) return
    this.screen.isFitted = false
    this.viewport.setCamera({ parallelScale: (this.screen.element.clientHeight * window.devicePixelRatio * spacing) / 2 })
    this.viewport.render()
  }

  state(): PaneState | undefined {
    const slice = this.slices[this.seen.shown]
    if (slice === undefined) return undefined
    const { window } = this.seen
    return {
      study_uid: text(slice.attributes, '0020000D'),
      series_uid: text(slice.attributes, '0020000E'),
      sop_uid: slice.sop,
      frame: slice.frame,
      frame_of_reference_uid: frameOf(slice),
      plane: 'stack',
      camera: cameraOf(this.viewport),
      ...(window === undefined ? {} : { window: { ...window, function: windowFunction(slice.attributes), inverted: this.seen.inverted } }),
    }
  }

  /** Shows what `state` says of this series; false where it does not have that slice. */
  async apply(state: PaneState): Promise<boolean> {
    const index = this.slices.findIndex((slice) => slice.sop === state.sop_uid && slice.frame === state.frame)
    const slice = this.slices[index]
    if (slice === undefined) return false
    if (index !== this.seen.shown || index !== this.seen.wanted) {
      const turn = ++this.turn
      clearTimeout(this.rest)
      this.tell({ ...this.seen, wanted: index, refused: undefined })
      await this.bring(slice, index, turn)
      if (turn !== this.turn || this.seen.shown !== index) return false
    }
    if (state.camera !== undefined) {
      this.screen.isFitted = false
      putCamera(this.viewport, state.camera)
    }
    if (state.window !== undefined && !this.isColour) {
      this.viewport.setProperties({ voiRange: rangeOf(state.window), invert: state.window.inverted !== this.isDarkFirst })
    }
    this.viewport.render()
    this.refresh()
    return true
  }

  private tell(seen: Seen): void {
    this.seen = seen
    this.screen.isEmpty = seen.shown < 0
    this.changed(seen)
  }
}
