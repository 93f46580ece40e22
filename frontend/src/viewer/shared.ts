/**
 * What one reader sees, as plain JSON that another window or another person's browser can take over. Everything lies
 * in the patient (LPS, PS3.3 C.7.6.2.1.1) and is named by DICOM's own identifiers, so that screens of different size
 * show the same; nothing here is a pixel of a screen or a name of the image library.
 */
import type { Vector } from './dicom'

/** 'stack' is the images as they were taken; the next four are cut out of a volume; 'solid' is the volume rendered. */
export type Plane = 'stack' | 'axial' | 'sagittal' | 'coronal' | 'oblique' | 'solid'

/** A parallel projection onto the screen. */
export interface Camera {
  /** mm, LPS: the point in the middle of the screen; for a plane, on it. */
  focal_point: Vector
  /** mm, LPS. */
  position: Vector
  /** Unit vector, LPS: towards the upper edge of the screen. */
  view_up: Vector
  /** Unit vector, LPS: from the plane towards the reader. */
  view_plane_normal: Vector
  /** mm: half of the height of the screen. */
  parallel_scale: number
  flip_h: boolean
  flip_v: boolean
}

/** PS3.3 C.11.2.1.2 and .3, in the image's own units after its modality LUT (HU for CT, Bq/ml for most PET). */
export interface WindowState {
  center: number
  width: number
  function: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'
  /** Turned round by the reader: against how the image is meant (MONOCHROME1 is meant inverted). */
  inverted: boolean
}

export type Blend = 'none' | 'mip' | 'minip' | 'average'

/** How thick the cut is, and what is shown of it: the highest, the lowest, or the mean value along the line of sight. */
export interface Slab {
  thickness_mm: number
  blend: Blend
}

/** Another series of the same frame of reference laid over this one. */
export interface Fusion {
  series_uid: string
  /** 0–1. */
  opacity: number
  /** A name of `COLORMAPS`. */
  colormap: string
  /** In the overlaid image's own units. */
  window?: { center: number; width: number }
}

export interface CineState {
  /** Frames per second. */
  fps: number
  playing: boolean
  /** Index in the series, from 0. */
  frame: number
}

/** One picture. A pane that shows nothing has empty UIDs and no camera. */
export interface PaneState {
  study_uid: string
  series_uid: string
  /** Of the slice on the screen; '' where the picture is cut out of a volume. */
  sop_uid: string
  /** Counts from 1. */
  frame: number
  /** (0020,0052); '' where the images have none. */
  frame_of_reference_uid: string
  plane: Plane
  camera?: Camera
  window?: WindowState
  slab?: Slab
  fusion?: Fusion
  cine?: CineState
  /** A name of `RENDERINGS`, for 'solid'. */
  rendering?: string
}

/** Everything on the screen of one reader. */
export interface WorkplaceState {
  /** A name of `LAYOUTS`. */
  layout: string
  panes: PaneState[]
  /** Index into `panes`. */
  active: number
}

/** Where a reader points. */
export interface PointerState {
  frame_of_reference_uid: string
  series_uid: string
  /** mm, LPS. */
  at: Vector
}

export const NO_SLAB: Slab = { thickness_mm: 0, blend: 'none' }
