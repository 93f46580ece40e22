/** Stands in for xmlbuilder2, which vtk.js names for XML export only; see vite.config.ts. */
export function create(): never {
  throw new Error('XML export is not part of this viewer')
}
