/** How far the facts have been read: each is told once, in order, and a gap is noticed. */
import type { Fact } from '@/api/types'

export class Position {
  /** The sequence number of the last fact read; null before the server said where it stands. */
  at: number | null = null

  /** Whether this fact is the very next one, so that nothing can have been lost before it. */
  follows(fact: Fact): boolean {
    return this.at !== null && fact.seq === this.at + 1
  }

  /** Moves on past these facts and returns those not read before, in order. */
  take(facts: Fact[]): Fact[] {
    const fresh = facts.filter((fact) => this.at === null || fact.seq > this.at).sort((one, other) => one.seq - other.seq)
    const last = fresh.at(-1)
    if (last !== undefined) this.at = last.seq
    return fresh
  }

  /** Everything up to `head` is known to have been read (some facts are not for this reader). */
  reach(head: number): void {
    this.at = Math.max(this.at ?? 0, head)
  }

  forget(): void {
    this.at = null
  }
}
