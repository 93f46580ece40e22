/**
 * The seam to the image library: the rest of the front end knows this file alone, so that the library can be replaced
 * or its newer viewports be taken up. Inside: `images` (start, metadata, memory), `loading` (how images come), `view` (one
 * picture), `tools` (what the pointer does, what was measured).
 */
export * from './images'
export { announce, glimpse, imageIdOf, isLoaded, isVisible, leave, load, onLine, sliceOf } from './loading'
export * from './tools'
export { type Edges, type Probe, type Seen, View } from './view'
