/** One's own sound and picture on the way up: what the rung allows, by the senders' parameters. */
import type { Step } from './mediaWords'

const STILL_HEIGHT = 180

/** A track that shows a picture of another every few seconds: what is left of a camera on a very thin line. */
class Still {
  readonly track: MediaStreamTrack
  private readonly canvas = document.createElement('canvas')
  private readonly video = document.createElement('video')
  private readonly timer: number

  constructor(source: MediaStreamTrack, fps: number) {
    this.canvas.height = STILL_HEIGHT
    this.canvas.width = (STILL_HEIGHT * 16) / 9
    this.video.muted = true
    this.video.srcObject = new MediaStream([source])
    const stream = this.canvas.captureStream(0)
    this.track = stream.getVideoTracks()[0]!
    void this.video.play().then(() => {
      this.draw()
    })
    this.timer = window.setInterval(() => {
      this.draw()
    }, 1000 / fps)
  }

  private draw(): void {
    const { videoWidth, videoHeight } = this.video
    if (videoWidth > 0) this.canvas.width = Math.round((STILL_HEIGHT * videoWidth) / videoHeight)
    this.canvas.getContext('2d')?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height)
    ;(this.track as CanvasCaptureMediaStreamTrack).requestFrame()
  }

  stop(): void {
    window.clearInterval(this.timer)
    this.track.stop()
    this.video.srcObject = null
  }
}

/** The tracks of a person, and the senders that they are on while there is a connection. */
export class Sending {
  private readonly tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } = { audio: null, video: null }
  private senders: { audio: RTCRtpSender; video: RTCRtpSender } | null = null
  private still: Still | null = null
  private sound = true
  private picture = true
  private step: Step | null = null
  private queue: Promise<void> = Promise.resolve()

  /** Whether there is anything to send. */
  get any(): boolean {
    return this.tracks.audio !== null || this.tracks.video !== null
  }

  /** Puts both kinds on a new connection; what there is no track for yet can follow without a new offer. */
  place(connection: RTCPeerConnection): void {
    const add = (kind: 'audio' | 'video'): RTCRtpSender => connection.addTransceiver(kind, { direction: 'sendonly' }).sender
    this.senders = { audio: add('audio'), video: add('video') }
    this.refresh()
  }

  use(kind: 'audio' | 'video', track: MediaStreamTrack | null): void {
    this.tracks[kind] = track
    this.refresh()
  }

  allow(kind: 'audio' | 'video', on: boolean): void {
    if (kind === 'audio') this.sound = on
    else this.picture = on
    this.refresh()
  }

  obey(step: Step): void {
    this.step = step
    this.refresh()
  }

  stop(): void {
    this.senders = null
    this.still?.stop()
    this.still = null
  }

  /** One after the other: parameters that are set while others are being set are refused. */
  private refresh(): void {
    this.queue = this.queue.then(() => this.apply()).catch(() => undefined) // the connection was closed meanwhile
  }

  private async apply(): Promise<void> {
    const { senders, step } = this
    if (senders === null) return
    const soundOn = this.sound && (step === null || step.audio_bps > 0)
    const pictureOn = this.picture && (step === null || step.video_bps > 0)
    await senders.audio.replaceTrack(soundOn ? this.tracks.audio : null)
    await senders.video.replaceTrack(pictureOn ? this.shown() : null)
    if (step === null) return
    await limit(senders.audio, { maxBitrate: step.audio_bps, priority: 'high', networkPriority: 'high' })
    const height = this.tracks.video?.getSettings().height ?? step.height
    await limit(senders.video, {
      maxBitrate: step.video_bps,
      maxFramerate: Math.max(1, step.fps),
      scaleResolutionDownBy: this.still === null ? Math.max(1, height / Math.max(1, step.height)) : 1,
      priority: 'low',
    })
  }

  /** The camera, or pictures of it where the line carries no more. */
  private shown(): MediaStreamTrack | null {
    const camera = this.tracks.video
    const wanted = camera !== null && this.step !== null && this.step.fps > 0 && this.step.fps < 1
    this.still?.stop()
    this.still = wanted ? new Still(camera, this.step!.fps) : null
    return this.still?.track ?? camera
  }
}

async function limit(sender: RTCRtpSender, to: Partial<RTCRtpEncodingParameters>): Promise<void> {
  const parameters = sender.getParameters()
  const first = parameters.encodings[0]
  if (first === undefined) return
  if (to.maxBitrate === 0) delete to.maxBitrate // no track is on it then
  Object.assign(first, to)
  await sender.setParameters(parameters)
}
