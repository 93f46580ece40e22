/** A viewport's camera as plain numbers in the patient, and back: exact between canvases of different size. */
import type { Types } from '@cornerstonejs/core'

import type { Vector } from '../dicom'
import type { Camera } from '../shared'

/** What every kind of viewport can do. */
export type Port = Pick<Types.IViewport, 'getCamera' | 'setCamera' | 'resetCamera' | 'render' | 'canvasToWorld' | 'worldToCanvas'>

/** The library's vectors are typed arrays, which JSON would write as objects. */
export function plain(point: ArrayLike<number> | undefined): Vector {
  return [point?.[0] ?? 0, point?.[1] ?? 0, point?.[2] ?? 0]
}

export function cameraOf(viewport: Port): Camera {
  const camera = viewport.getCamera()
  return {
    focal_point: plain(camera.focalPoint),
    position: plain(camera.position),
    view_up: plain(camera.viewUp),
    view_plane_normal: plain(camera.viewPlaneNormal),
    parallel_scale: camera.parallelScale ?? 1,
    flip_h: camera.flipHorizontal ?? false,
    flip_v: camera.flipVertical ?? false,
  }
}

/** Not by `setViewPresentation`: that is off by millimetres between canvases of different shape. */
export function putCamera(viewport: Port, camera: Camera): void {
  const now = cameraOf(viewport)
  // a flip turns the camera round in place, so that the rest is set after it
  if (now.flip_h !== camera.flip_h || now.flip_v !== camera.flip_v) {
    viewport.setCamera({ flipHorizontal: camera.flip_h, flipVertical: camera.flip_v })
  }
  viewport.setCamera({
    focalPoint: [...camera.focal_point],
    position: [...camera.position],
    viewUp: [...camera.view_up],
    viewPlaneNormal: [...camera.view_plane_normal],
    parallelScale: camera.parallel_scale,
  })
}

/** Where a point of the patient falls on the element, CSS pixels. */
export function onCanvas(viewport: Port, point: Vector): readonly [number, number] {
  const [x, y] = viewport.worldToCanvas([...point])
  return [x, y]
}
