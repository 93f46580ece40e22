/** What the media door and a page say to each other, and what a page is told of the call. */

export type Rung = 'full' | 'low' | 'still' | 'audio' | 'text'

/** What to send on a rung of the ladder, and the sentence for the person (video: bit/s, lines, frames a second). */
export interface Step {
  name: Rung
  video_bps: number
  height: number
  fps: number
  audio_bps: number
  zh: string
  en: string
}

export interface Person {
  person: string
  name: string
  role: string
  /** Whether they send sound or picture at all. */
  sends: boolean
  sound: boolean
  picture: boolean
  rung: Rung
}

export interface StreamPlace {
  mid: string
  person: string
  kind: 'audio' | 'video'
}

export interface Refused {
  code: string
  zh: string
  en: string
}

/** Everything that the door says. */
export type Said =
  | {
      kind: 'welcome'
      person: string
      sends: boolean
      people: Person[]
      ice: RTCIceServer[]
      recorded: boolean
      speaker: string | null
      rung: Step
    }
  | ({ kind: 'person' } & Person)
  | { kind: 'left'; person: string }
  | { kind: 'offer'; n: number; sdp: string; streams: StreamPlace[] }
  | { kind: 'streams'; streams: StreamPlace[] }
  | { kind: 'answer'; sdp: string }
  | { kind: 'rung'; rung: Step }
  | { kind: 'speaker'; person: string }
  | { kind: 'recording'; on: boolean }
  | { kind: 'moved' }
  | ({ kind: 'refused' } & Refused)

/** `joining` until welcomed, `in`, `lost` while it comes back by itself, `out` for good. */
export type CallState = 'joining' | 'in' | 'lost' | 'out'
