/** Fetches the viewer and starts its decoders while the worklist is idle: opened cold it costs seconds on a busy machine, warm about one. */

let begun = false

export function warmViewer(): void {
  if (begun) return
  begun = true
  const fetchIt = (): void => {
    // a failed fetch only means that the viewer loads when it is opened
    void Promise.all([import('@/viewer/Workplace.vue'), import('@/viewer/cornerstone').then((images) => images.start())]).catch(() => { begun = false })
  }
  if ('requestIdleCallback' in window) window.requestIdleCallback(fetchIt, { timeout: 10_000 })
  else setTimeout(fetchIt, 3000)
}
