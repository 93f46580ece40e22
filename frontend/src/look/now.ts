/** One tick a second for all clocks on the page, on the server's time. */
import { onScopeDispose, readonly, ref, type Ref } from 'vue'

import { wire } from '@/api/wire'

const ticking = ref(Date.now())
let listeners = 0
let timer: number | undefined

function tick(): void {
  ticking.value = Date.now() + wire.skewMs
}

/** The present in ms since the epoch by the server's clock; it runs while anything on the page uses it. */
export function useNow(): Readonly<Ref<number>> {
  listeners += 1
  if (timer === undefined) {
    tick()
    timer = window.setInterval(tick, 1000)
  }
  onScopeDispose(() => {
    listeners -= 1
    if (listeners > 0) return
    window.clearInterval(timer)
    timer = undefined
  })
  return readonly(ticking)
}

export function serverNow(): number {
  return Date.now() + wire.skewMs
}
