/** How one's line is, from what the browser counts: told to the door, which puts the line on its rung. */

export interface LineStats {
  /** What the line carries up, in bit/s; null while nothing holds it back. */
  available_bps: number | null
  /** The worst of: packets lost on the way up, on the way down, sound that had to be made up. 0 to 1. */
  loss: number
}

interface Counts {
  received: number
  lost: number
  concealed: number
  samples: number
}

type Entry = Record<string, unknown> & { type: string }

const number = (entry: Entry, name: string): number => (typeof entry[name] === 'number' ? entry[name] : 0)

export class LineMeter {
  private before: Counts | null = null

  /** Reads both ways; `down` and `up` are getStats() of the connections. */
  read(up: Iterable<Entry>, down: Iterable<Entry>): LineStats {
    const uplink = readUp(up)
    const now = count(down)
    const before = this.before
    this.before = now
    if (before === null || now.received < before.received) return uplink
    const lost = Math.max(0, now.lost - before.lost)
    const packets = now.received - before.received + lost
    const samples = now.samples - before.samples
    const made = Math.max(0, now.concealed - before.concealed)
    const downLoss = packets > 20 ? lost / packets : 0
    const garbled = samples > 4800 ? made / samples : 0
    return { ...uplink, loss: Math.min(1, Math.max(uplink.loss, downLoss, garbled)) }
  }

  forget(): void {
    this.before = null
  }
}

function readUp(entries: Iterable<Entry>): LineStats {
  let available: number | null = null
  let held = false
  let loss = 0
  for (const entry of entries) {
    if (entry.type === 'candidate-pair' && entry['nominated'] === true && 'availableOutgoingBitrate' in entry)
      available = number(entry, 'availableOutgoingBitrate')
    if (entry.type === 'outbound-rtp' && entry['qualityLimitationReason'] === 'bandwidth') held = true
    if (entry.type === 'remote-inbound-rtp') loss = Math.max(loss, number(entry, 'fractionLost'))
  }
  return { available_bps: held && available !== null ? Math.round(available) : null, loss: Math.min(1, loss) }
}

function count(entries: Iterable<Entry>): Counts {
  const counts: Counts = { received: 0, lost: 0, concealed: 0, samples: 0 }
  for (const entry of entries) {
    if (entry.type !== 'inbound-rtp') continue
    counts.received += number(entry, 'packetsReceived')
    counts.lost += number(entry, 'packetsLost')
    counts.concealed += number(entry, 'concealedSamples') - number(entry, 'silentConcealedSamples')
    counts.samples += number(entry, 'totalSamplesReceived')
  }
  return counts
}
