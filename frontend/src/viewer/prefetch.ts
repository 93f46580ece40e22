/** Loads a whole series from where the reader looks, outwards, a few frames at a time. */

/** Indices from `centre` outwards: centre, +1, −1, +2, −2 … */
export function outwards(centre: number, count: number): number[] {
  const order: number[] = []
  for (let distance = 0; distance < count; distance++) {
    if (centre + distance < count) order.push(centre + distance)
    if (distance > 0 && centre - distance >= 0) order.push(centre - distance)
  }
  return order
}

/** Browsers open six connections to a host over HTTP/1.1; two stay free for the slice in view and for the report. */
const AT_ONCE = 4

export class Prefetch {
  private readonly done = new Set<number>()
  private readonly failed = new Set<number>()
  private readonly running = new Set<number>()
  private centre = 0
  private stopped = false
  private paused = true

  constructor(
    private readonly count: number,
    private readonly load: (index: number) => Promise<unknown>,
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

  private next(): number | undefined {
    const near = outwards(this.centre, this.count).slice(0, this.room)
    return near.find((index) => !this.done.has(index) && !this.running.has(index) && !this.failed.has(index))
  }

  private pump(): void {
    while (!this.stopped && !this.paused && this.running.size < this.atOnce) {
      const index = this.next()
      if (index === undefined) return
      this.running.add(index)
      void this.one(index)
    }
  }

  private async one(index: number): Promise<void> {
    try {
      await this.load(index)
      this.done.add(index)
    } catch {
      this.failed.add(index)
    } finally {
      this.running.delete(index)
      this.pump()
    }
  }
}
