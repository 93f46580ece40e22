/** The few connections a browser opens to one host, shared out: what is waited for does not queue behind the rest. */

/** Browsers open six over HTTP/1.1; one stays free for the slice in view, or for the report. */
const MOST = 5

export class Lanes {
  private readonly queue: (() => void)[] = []
  private taken = 0

  constructor(private readonly most: number = MOST) {}

  /** Runs `use` when a lane is free, who came first goes first; what is urgent at once. */
  async through<T>(urgent: boolean, use: () => Promise<T>): Promise<T> {
    if (urgent || this.taken < this.most) this.taken += 1
    else await new Promise<void>((resolve) => this.queue.push(resolve)) // who leaves hands its lane over
    try {
      return await use()
    } finally {
      if (this.queue.length > 0 && this.taken <= this.most) this.queue.shift()?.()
      else this.taken -= 1
    }
  }
}
