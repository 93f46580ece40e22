/**
 * A call: enters the media door of a room, sends one's sound and picture, receives the others', comes back by itself.
 *
 * It knows no page: whoever shows it gives `changed`, called after anything below changed, and reads what there is.
 * Shared images and the chat never go this way, and a call that fails leaves both as they are.
 */
import { Sending } from './mediaSending'
import { LineMeter } from './mediaStats'
import type { CallState, Person, Refused, Said, Step, StreamPlace } from './mediaWords'

export * from './mediaDevices'
export type { CallState, Person, Refused, Rung, Step } from './mediaWords'

const STATS_MS = 2000
const GATHER_MS = 2000
const RETRY_MS = [300, 600, 1200, 2500, 5000]
/** Coming back would meet the same answer. */
const FINAL = new Set(['replaced', 'dropped', 'room-full', 'not-allowed', 'invalid', 'room-refused'])

export interface CallOptions {
  /** The media door, `wss://…`. */
  url: string
  /** A fresh ticket; asked again whenever the call comes back. */
  ticket: () => Promise<string>
  changed: () => void
  /** For tests of relays only: send nothing past one. */
  relayOnly?: boolean
}

export class Call {
  state: CallState = 'joining'
  /** Why it is `out`. */
  refused: Refused | null = null
  me = ''
  people = new Map<string, Person>()
  /** What is received, by person. */
  streams = new Map<string, MediaStream>()
  speaker: string | null = null
  recorded = false
  step: Step | null = null
  muted = false
  cameraOn = true
  private readonly sending = new Sending()
  private readonly meter = new LineMeter()
  private socket: WebSocket | null = null
  private up: RTCPeerConnection | null = null
  private down: RTCPeerConnection | null = null
  private ice: RTCIceServer[] = []
  private maySend = false
  private tries = 0
  private timer: number | undefined
  private hearing: Promise<void> = Promise.resolve()

  constructor(private readonly options: CallOptions) {
    this.timer = window.setInterval(() => void this.tellStats(), STATS_MS)
    void this.enter()
  }

  /** The track to send; null stops. Device choice and sharing a screen are this, too. */
  use(kind: 'audio' | 'video', track: MediaStreamTrack | null): void {
    this.sending.use(kind, track)
    if (this.state === 'in' && this.up === null && this.maySend && this.sending.any) void this.publish()
  }

  mute(on: boolean): void {
    this.muted = on
    this.sending.allow('audio', !on)
    this.say({ kind: 'mute', on })
    this.options.changed()
  }

  camera(on: boolean): void {
    this.cameraOn = on
    this.sending.allow('video', on)
    this.say({ kind: 'camera', on })
    this.options.changed()
  }

  /** Whom to show large: who speaks, else whoever else is seen. */
  get shown(): string | null {
    if (this.speaker !== null && this.speaker !== this.me && this.streams.has(this.speaker)) return this.speaker
    return this.streams.keys().next().value ?? null
  }

  leave(): void {
    this.end('out')
    window.clearInterval(this.timer)
  }

  // ---- the socket ----

  private async enter(): Promise<void> {
    let ticket: string
    try {
      ticket = await this.options.ticket()
    } catch {
      this.comeBack()
      return
    }
    if (this.state === 'out') return
    const socket = new WebSocket(this.options.url)
    this.socket = socket
    socket.onopen = () => {
      this.say({ kind: 'join', ticket })
    }
    socket.onmessage = (event: MessageEvent<string>) => {
      const said = JSON.parse(event.data) as Said
      this.hearing = this.hearing.then(() => (this.socket === socket ? this.hear(said) : undefined)).catch(() => undefined)
    }
    socket.onclose = () => {
      void this.hearing.then(() => {
        if (this.socket === socket) this.comeBack()
      })
    }
  }

  private comeBack(): void {
    if (this.state === 'out') return
    this.end('lost')
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]!
    this.tries += 1
    window.setTimeout(() => {
      if (this.state === 'lost') void this.enter()
    }, wait)
  }

  private end(state: 'lost' | 'out'): void {
    this.state = state
    const socket = this.socket
    this.socket = null
    socket?.close()
    this.sending.stop()
    this.up?.close()
    this.down?.close()
    this.up = this.down = null
    this.people.clear()
    this.streams.clear()
    this.meter.forget()
    this.options.changed()
  }

  private say(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message))
  }

  private async hear(said: Said): Promise<void> {
    switch (said.kind) {
      case 'welcome':
        await this.welcome(said)
        break
      case 'person':
        this.people.set(said.person, said)
        break
      case 'left':
        this.people.delete(said.person)
        this.streams.delete(said.person)
        break
      case 'answer':
        await this.up?.setRemoteDescription({ type: 'answer', sdp: said.sdp })
        break
      case 'offer':
        await this.receive(said.n, said.sdp, said.streams)
        break
      case 'streams':
        this.sort(said.streams)
        break
      case 'rung':
        this.step = said.rung
        this.sending.obey(said.rung)
        break
      case 'speaker':
        this.speaker = said.person
        break
      case 'recording':
        this.recorded = said.on
        break
      case 'moved':
        this.down?.close()
        this.down = null
        this.streams.clear()
        await this.publish()
        break
      case 'refused':
        this.refused = said
        if (FINAL.has(said.code)) this.leave()
        break
    }
    this.options.changed()
  }

  private async welcome(said: Extract<Said, { kind: 'welcome' }>): Promise<void> {
    this.state = 'in'
    this.tries = 0
    this.refused = null
    this.me = said.person
    this.ice = said.ice
    this.maySend = said.sends
    this.recorded = said.recorded
    this.speaker = said.speaker
    this.step = said.rung
    this.people = new Map(said.people.map((person) => [person.person, person]))
    this.sending.obey(said.rung)
    if (this.muted) this.say({ kind: 'mute', on: true })
    if (!this.cameraOn) this.say({ kind: 'camera', on: false })
    await this.publish()
  }

  // ---- the two ways ----

  private connection(failed: () => void): RTCPeerConnection {
    const made = new RTCPeerConnection({
      iceServers: this.ice,
      bundlePolicy: 'max-bundle',
      iceTransportPolicy: this.options.relayOnly ? 'relay' : 'all',
    })
    made.onconnectionstatechange = () => {
      if (made.connectionState === 'failed' && this.state === 'in') failed()
    }
    return made
  }

  private async publish(): Promise<void> {
    if (!this.maySend || !this.sending.any) return
    this.up?.close()
    const up = this.connection(() => void this.publish())
    this.up = up
    this.sending.place(up)
    await up.setLocalDescription(await up.createOffer())
    await gathered(up)
    if (this.up === up) this.say({ kind: 'offer', sdp: up.localDescription!.sdp })
  }

  private async receive(n: number, sdp: string, streams: StreamPlace[]): Promise<void> {
    const down = (this.down ??= this.connection(() => {
      this.down?.close()
      this.down = null
      this.say({ kind: 'again' })
    }))
    await down.setRemoteDescription({ type: 'offer', sdp })
    await down.setLocalDescription(await down.createAnswer())
    await gathered(down)
    this.say({ kind: 'answer', n, sdp: down.localDescription!.sdp })
    this.sort(streams)
  }

  /** Puts every received track with its person. */
  private sort(places: StreamPlace[]): void {
    const tracks = new Map(this.down?.getTransceivers().map((each) => [each.mid, each.receiver.track]))
    const wanted = new Map<string, MediaStreamTrack[]>()
    for (const place of places) {
      const track = tracks.get(place.mid)
      if (track !== undefined) wanted.set(place.person, [...(wanted.get(place.person) ?? []), track])
    }
    for (const person of this.streams.keys()) if (!wanted.has(person)) this.streams.delete(person)
    for (const [person, theirs] of wanted) {
      const before = this.streams.get(person)?.getTracks() ?? []
      if (before.length !== theirs.length || theirs.some((track) => !before.includes(track)))
        this.streams.set(person, new MediaStream(theirs))
    }
  }

  private async tellStats(): Promise<void> {
    if (this.state !== 'in') return
    const read = async (connection: RTCPeerConnection | null): Promise<(Record<string, unknown> & { type: string })[]> => {
      const entries: (Record<string, unknown> & { type: string })[] = []
      const report = await connection?.getStats()
      report?.forEach((entry: Record<string, unknown> & { type: string }) => entries.push(entry))
      return entries
    }
    this.say({ kind: 'stats', ...this.meter.read(await read(this.up), await read(this.down)) })
  }
}

/** All candidates are in the description: the door takes none later. */
async function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return
  await new Promise<void>((done) => {
    const timer = window.setTimeout(done, GATHER_MS)
    connection.onicegatheringstatechange = () => {
      if (connection.iceGatheringState !== 'complete') return
      window.clearTimeout(timer)
      done()
    }
  })
}
