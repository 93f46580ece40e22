/** Lets one person write a report on one screen and look at the images on another: exactly one window edits. */
import type { KeyImage, ReportOnServer, ReportText } from './text'

export type Message =
  /** From now on the sender edits. */
  | { kind: 'take' }
  /** The editing window goes away. */
  | { kind: 'free' }
  | { kind: 'text'; text: ReportText }
  | { kind: 'saved'; report: ReportOnServer }
  /** Asked of the editing window by one that shows images. */
  | { kind: 'insert'; text: string }
  | { kind: 'image'; image: KeyImage }
  /** Asked of a window that shows images by the one that edits. */
  | { kind: 'go'; image: KeyImage }

export interface Windows {
  say: (message: Message) => void
  close: () => void
}

export function joinWindows(personId: string, caseId: string, heard: (message: Message) => void): Windows {
  const channel = new BroadcastChannel(`consult.report.${personId}.${caseId}`)
  channel.onmessage = (event: MessageEvent<Message>) => { heard(event.data) }
  return {
    say: (message) => { channel.postMessage(message) },
    close: () => { channel.close() },
  }
}
