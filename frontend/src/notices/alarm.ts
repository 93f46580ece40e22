/** How a new notice is made known outside the page: the browser's own notice, and a tone for emergencies. */
const SOUND = 'consult.notices.sound'
const DESKTOP = 'consult.notices.desktop'

export type Permission = 'granted' | 'denied' | 'default' | 'unsupported'

export function permission(): Permission {
  return 'Notification' in window ? Notification.permission : 'unsupported'
}

export function soundOn(): boolean {
  return localStorage.getItem(SOUND) !== 'off'
}

export function setSound(on: boolean): void {
  localStorage.setItem(SOUND, on ? 'on' : 'off')
}

export function desktopOn(): boolean {
  return permission() === 'granted' && localStorage.getItem(DESKTOP) === 'on'
}

/** Asks the browser, which asks the person: only ever from a press of a button. */
export async function setDesktop(on: boolean): Promise<Permission> {
  const answer = on && permission() === 'default' ? await Notification.requestPermission() : permission()
  localStorage.setItem(DESKTOP, on && answer === 'granted' ? 'on' : 'off')
  return answer
}

/** The browser's own notice: the case's number and what is to be done, as it may show on a locked screen. */
export function show(title: string, words: string, tag: string, open: () => void): void {
  if (!desktopOn()) return
  const shown = new Notification(title, { body: words, tag, icon: '/mark.svg' })
  shown.onclick = () => {
    window.focus()
    open()
    shown.close()
  }
}

const TONES_HZ = [880, 1175, 880]
const TONE_S = 0.18

/** Three short tones, made here. A browser that wants a press first stays silent; the page shows it all the same. */
export function ring(): void {
  if (!soundOn() || !('AudioContext' in window)) return
  const audio = new AudioContext()
  TONES_HZ.forEach((hertz, place) => {
    const tone = audio.createOscillator()
    const level = audio.createGain()
    const from = audio.currentTime + place * TONE_S
    tone.frequency.value = hertz
    level.gain.setValueAtTime(0.2, from)
    level.gain.exponentialRampToValueAtTime(0.001, from + TONE_S)
    tone.connect(level).connect(audio.destination)
    tone.start(from)
    tone.stop(from + TONE_S)
  })
  window.setTimeout(() => void audio.close(), TONES_HZ.length * TONE_S * 1000 + 200)
}
