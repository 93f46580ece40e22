/** Turns wheel, one finger and (with the scroll tool) the left button into slices. */
import { onBeforeUnmount, onMounted, type ShallowRef } from 'vue'

export interface Paging {
  count: () => number
  /** Whether the left mouse button scrolls; a finger always does when it is alone. */
  byPointer: () => boolean
  turn: (steps: number) => void
}

/** A wheel's notch is 100–120 px; a touch pad sends many small ones, of which this many px make a slice. */
const WHEEL_PX = 40
const NOTCH_PX = 100
/** A stroke over the whole height goes through a stack of up to this density; longer stacks go faster. */
const LEAST_PX_PER_SLICE = 3
const MOST_PX_PER_SLICE = 14

/** Slices for a wheel event, and what is left over for the next one. */
export function stepsOf(left: number, deltaY: number, deltaMode: number): { steps: number; left: number } {
  const pixels = deltaMode === 0 ? deltaY : deltaY * NOTCH_PX
  if (Math.abs(pixels) >= NOTCH_PX) return { steps: Math.sign(pixels), left: 0 }
  const sum = left + pixels
  const steps = Math.trunc(sum / WHEEL_PX)
  return { steps, left: sum - steps * WHEEL_PX }
}

export function usePaging(element: Readonly<ShallowRef<HTMLElement | null>>, paging: Paging): void {
  let wheelLeft = 0
  let from: { id: number; y: number } | undefined
  const fingers = new Set<number>()

  function wheel(event: WheelEvent): void {
    event.preventDefault()
    const { steps, left } = stepsOf(wheelLeft, event.deltaY, event.deltaMode)
    wheelLeft = left
    if (steps !== 0) paging.turn(steps)
  }

  function down(event: PointerEvent): void {
    if (event.pointerType === 'touch') fingers.add(event.pointerId)
    const drags = event.pointerType === 'touch' ? fingers.size === 1 && paging.byPointer() : event.button === 0 && paging.byPointer()
    from = drags ? { id: event.pointerId, y: event.clientY } : undefined
  }

  function move(event: PointerEvent): void {
    if (from?.id !== event.pointerId || fingers.size > 1) return
    const height = element.value?.clientHeight ?? 1
    const perSlice = Math.max(LEAST_PX_PER_SLICE, Math.min(MOST_PX_PER_SLICE, height / Math.max(1, paging.count())))
    const steps = Math.trunc((event.clientY - from.y) / perSlice)
    if (steps === 0) return
    from.y += steps * perSlice
    paging.turn(steps)
  }

  function up(event: PointerEvent): void {
    fingers.delete(event.pointerId)
    if (from?.id === event.pointerId) from = undefined
  }

  onMounted(() => {
    element.value?.addEventListener('wheel', wheel, { passive: false })
    element.value?.addEventListener('pointerdown', down)
    window.addEventListener('pointermove', move)
    window.addEventListener('pointerup', up)
    window.addEventListener('pointercancel', up)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('pointermove', move)
    window.removeEventListener('pointerup', up)
    window.removeEventListener('pointercancel', up)
  })
}
