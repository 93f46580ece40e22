/** The bell: how many notices are new, kept live by the feed, and made heard when an emergency is among them. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { useFeed } from '@/feed/feed'

import { ring, show } from './alarm'
import { notices as calls, type Unread } from './calls'

/** Facts come before the notices that they make; a line without a socket is asked again after this time. */
const AFTER_FACTS_MS = 2000

export const useNotices = defineStore('notices', () => {
  const unread = ref(0)
  const emergencies = ref(0)
  /** Grows with each notice that came: lists look again. */
  const came = ref(0)
  let newest: number | null = null
  let reads = 0
  let first = true
  let timer: number | undefined
  let stops: (() => void)[] = []
  let opens: () => void = () => undefined

  function take(told: Unread): void {
    const isNew = told.newest !== null && told.newest > (newest ?? 0)
    const moreEmergencies = told.emergencies > emergencies.value
    unread.value = told.unread
    emergencies.value = told.emergencies
    if (isNew) {
      newest = told.newest
      came.value += 1
      if (!first) {
        if (moreEmergencies) ring()
        show(told.newest_words, '', `consult-${String(told.newest)}`, opens)
      }
    }
    first = false
  }

  async function look(): Promise<void> {
    const before = reads
    try {
      const told = await calls.unread()
      if (before === reads) take(told)
      else await look() // counted before the person looked at some of them
    } catch {
      // the banner says that the line is broken; the next hint or sweep asks again
    }
  }

  function later(): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void look(), AFTER_FACTS_MS)
  }

  function start(open: () => void): void {
    stop()
    opens = open
    const feed = useFeed()
    stops = [feed.onNotice(() => void look()), feed.listen(later)]
    void look()
  }

  function stop(): void {
    window.clearTimeout(timer)
    for (const each of stops) each()
    stops = []
    unread.value = emergencies.value = 0
    newest = null
    first = true
  }

  async function looked(answer: Promise<Unread>): Promise<void> {
    const told = await answer
    reads += 1
    take(told)
  }

  const read = (ids: number[]): Promise<void> => looked(calls.read(ids))
  const readUpTo = (id: number): Promise<void> => looked(calls.readUpTo(id))
  const readOfCase = (id: string): Promise<void> => looked(calls.readOfCase(id))

  return { unread, emergencies, came, start, stop, look, read, readUpTo, readOfCase }
})
