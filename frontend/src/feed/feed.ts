/**
 * What changed, as it changes. A socket only hints: whatever it may have lost is fetched over HTTP by position, and
 * where no socket can be had the same question is asked every 15 seconds.
 */
import { defineStore } from 'pinia'
import { io, type Socket } from 'socket.io-client'
import { ref } from 'vue'

import { feed } from '@/api/calls'
import type { Fact } from '@/api/types'

import { Position } from './position'

export type Line = 'connecting' | 'live' | 'polling' | 'offline'

const POLL_MS = 15_000
/** Also while the socket is live: a hint that was lost is found within this time. */
const SWEEP_MS = 60_000

/** Called with new facts in order; with none when anything may have changed. */
type Listener = (facts: Fact[]) => void

export const useFeed = defineStore('feed', () => {
  const line = ref<Line>('connecting')
  const listeners = new Set<Listener>()
  const belled = new Set<() => void>()
  const position = new Position()
  let socket: Socket | null = null
  let timer: number | undefined
  let asking = false

  function tell(facts: Fact[]): void {
    if (facts.length > 0) for (const listener of listeners) listener(facts)
  }

  /** Learns where the log stands. Facts between the pages' first load and now are unknown, so everyone looks again. */
  async function begin(asOf?: number): Promise<void> {
    position.reach(asOf ?? (await feed.head()))
    for (const listener of listeners) listener([])
  }

  async function readFrom(from: number): Promise<void> {
    let after = from
    for (;;) {
      const page = await feed.after(after)
      tell(position.take(page.items))
      if (page.items.length === 0 || position.at === null || position.at >= page.head) {
        position.reach(page.head)
        return
      }
      after = position.at
    }
  }

  /** Fetches everything after the position, page by page, until the head is reached. */
  async function catchUp(): Promise<void> {
    if (asking) return
    asking = true
    try {
      if (position.at === null) await begin()
      else await readFrom(position.at)
      if (line.value === 'offline') line.value = 'polling'
    } catch {
      if (socket?.connected !== true) line.value = navigator.onLine ? 'polling' : 'offline'
    } finally {
      asking = false
    }
  }

  function hinted(fact: Fact): void {
    if (position.follows(fact)) tell(position.take([fact]))
    else void catchUp()
  }

  function schedule(): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      void catchUp().finally(schedule)
    }, line.value === 'live' ? SWEEP_MS : POLL_MS)
  }

  function start(): void {
    if (socket !== null) return
    socket = io('/feed', { transports: ['websocket', 'polling'], reconnectionDelayMax: 15_000 })
    socket.on('connect', () => {
      line.value = 'live'
      schedule()
    })
    socket.on('state', (state: { as_of: number }) => {
      if (position.at === null) void begin(state.as_of)
      else void catchUp()
    })
    socket.on('fact', hinted)
    socket.on('notice', () => {
      for (const each of belled) each()
    })
    socket.on('disconnect', lost)
    socket.on('connect_error', lost)
    window.addEventListener('online', back)
    window.addEventListener('offline', gone)
    schedule()
  }

  function lost(): void {
    line.value = navigator.onLine ? 'polling' : 'offline'
    void catchUp()
    schedule()
  }

  function gone(): void {
    line.value = 'offline'
  }

  function back(): void {
    line.value = socket?.connected === true ? 'live' : 'polling'
    void catchUp()
  }

  function stop(): void {
    socket?.disconnect()
    socket = null
    position.forget()
    window.clearTimeout(timer)
    window.removeEventListener('online', back)
    window.removeEventListener('offline', gone)
    line.value = 'connecting'
  }

  /** Calls `listener` with new facts until the returned function is called. */
  function listen(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Calls `listener` when this person was told something, until the returned function is called. */
  function onNotice(listener: () => void): () => void {
    belled.add(listener)
    return () => belled.delete(listener)
  }

  return { line, start, stop, listen, onNotice, catchUp }
})
