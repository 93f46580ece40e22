/** Cameras, microphones and loudspeakers: which there are, opening them, and hearing oneself before going in. */

export interface Devices {
  cameras: MediaDeviceInfo[]
  microphones: MediaDeviceInfo[]
  speakers: MediaDeviceInfo[]
}

/** The devices there are; their names are known only once one was opened. */
export async function devices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices()
  const of = (kind: MediaDeviceKind): MediaDeviceInfo[] => all.filter((device) => device.kind === kind)
  return { cameras: of('videoinput'), microphones: of('audioinput'), speakers: of('audiooutput') }
}

/** A microphone by its id, or whichever the browser takes. Rejects with NotAllowedError, NotFoundError, NotReadableError. */
export async function openMicrophone(id?: string): Promise<MediaStreamTrack> {
  const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 }
  const stream = await navigator.mediaDevices.getUserMedia({ audio: id ? { ...wanted, deviceId: { exact: id } } : wanted })
  return stream.getAudioTracks()[0]!
}

/** A camera by its id, or whichever the browser takes. Rejects as openMicrophone. */
export async function openCamera(id?: string): Promise<MediaStreamTrack> {
  const wanted = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 25, max: 30 } }
  const stream = await navigator.mediaDevices.getUserMedia({ video: id ? { ...wanted, deviceId: { exact: id } } : wanted })
  return stream.getVideoTracks()[0]!
}

/** The screen or a window, for what cannot be shown otherwise: few pictures a second, but sharp. */
export async function openScreen(): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 5 } }, audio: false })
  const track = stream.getVideoTracks()[0]!
  track.contentHint = 'text'
  return track
}

/** A document under a camera: as sharp as the camera is, few pictures a second. */
export async function openDocumentCamera(id?: string): Promise<MediaStreamTrack> {
  const wanted = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { max: 5 } }
  const stream = await navigator.mediaDevices.getUserMedia({ video: id ? { ...wanted, deviceId: { exact: id } } : wanted })
  const track = stream.getVideoTracks()[0]!
  track.contentHint = 'text'
  return track
}

const ECHO_AFTER_S = 1

/** Plays a microphone back a second later, and says how loud it is; to be stopped before going in. */
export class EchoTest {
  private readonly context = new AudioContext()
  private readonly meter = this.context.createAnalyser()
  private readonly samples: Float32Array<ArrayBuffer>

  constructor(microphone: MediaStreamTrack) {
    this.samples = new Float32Array(this.meter.fftSize)
    const source = this.context.createMediaStreamSource(new MediaStream([microphone]))
    const delay = this.context.createDelay(ECHO_AFTER_S)
    delay.delayTime.value = ECHO_AFTER_S
    source.connect(this.meter)
    source.connect(delay).connect(this.context.destination)
  }

  /** How loud it is now, 0 (silent) to 1. */
  level(): number {
    this.meter.getFloatTimeDomainData(this.samples)
    let sum = 0
    for (const sample of this.samples) sum += sample * sample
    return Math.min(1, Math.sqrt(sum / this.samples.length) * 4)
  }

  async stop(): Promise<void> {
    await this.context.close()
  }
}
