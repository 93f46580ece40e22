/** Loads a whole series from where the reader looks, outwards, a few frames at a time, first roughly and then whole. */

/** Indices from `centre` outwards: centre, +1, −1, +2, −2 … */
export function outwards(centre: number, count: number): number[] {
  const order: number[] = []
  for (let distance = 0; distance < count; distance++) {
    if (centre + distance < count) order.push(centre + distance)
    if (distance > 0 && centre - distance >= 0) order.push(centre - distance)
  }
  return order
}

/** More than the line takes at once (see lanes.ts): the others are being decoded. */
const AT_ONCE = 8

/** One step for one frame; true when nothing is left to do for it. */
export type Step = (index: number) => Promise<boolean>

export class Prefetch {
  /** How many of the steps are done for a frame. */
  private readonly done = new Map<number, number>()
  private readonly failed = new Set<number>()
  private readonly running = new Set<number>()
  private centre = 0
  private stopped = false
  private paused = true

  constructor(
    private readonly count: number,
    /** Every frame's first step comes before any frame's second. */
    private readonly steps: Step[],
    /** How many of them may be kept at once; what is further out waits until the reader comes nearer. */
    private readonly room: number = count,
    private readonly atOnce: number = AT_ONCE,
  ) {}

  /** The reader looks at `index` now: what is near comes first. */
  focus(index: number): void {
    this.centre = index
    this.paused = false
    this.pump()
  }

  /** The reader looks elsewhere: the line is theirs until they come back. */
  pause(): void {
    this.paused = true
  }

  /** An image has left the cache and must be fetched again when its turn comes. */
  forget(index: number): void {
    this.done.delete(index)
  }

  /** Try once more what was refused. */
  retry(): void {
    this.failed.clear()
    this.pump()
  }

  stop(): void {
    this.stopped = true
  }

  private next(): { index: number; step: number } | undefined {
    const near = outwards(this.centre, this.count).slice(0, this.room)
    const open = near.filter((index) => !this.running.has(index) && !this.failed.has(index))
    for (let step = 0; step < this.steps.length; step++) {
      const index = open.find((one) => (this.done.get(one) ?? 0) === step)
      if (index !== undefined) return { index, step }
    }
    return undefined
  }

  private pump(): void {
    while (!this.stopped && !this.paused && this.running.size < this.atOnce) {
      const next = this.next()
      if (next === undefined) return
      this.running.add(next.index)
      void this.one(next.index, next.step)
    }
  }

  private async one(index: number, step: number): Promise<void> {
    try {
      const isWhole = await this.steps[step]?.(index)
      this.done.set(index, isWhole === true ? this.steps.length : step + 1)
    } catch {
      this.failed.add(index)
    } finally {
      this.running.delete(index)
      this.pump()
    }
  }
}
