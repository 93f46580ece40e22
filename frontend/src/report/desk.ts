/** The report of one case as the pages use it: the draft, the window that edits it, the template and the live checks. */
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'

import { useSession } from '@/account/session'
import { asProblem, type Problem } from '@/api/problem'

import { report, templates } from './calls'
import { useChecks } from './checks'
import { usePhrases } from './phrases'
import { Draft, type DraftState } from './draft'
import { dropReport, keepReport, keptReport } from './kept'
import { EMPTY, isSame, type KeyImage, type ReportOnServer, type Section, SECTIONS, type Template } from './text'
import { joinWindows, type Message } from './windows'

/** `elsewhere`: another window of this person edits, and this one shows what it writes. */
export type Mode = 'loading' | 'failed' | 'editing' | 'elsewhere' | 'readonly'

/** Where text goes that is put in by a key: the section and position of the cursor. */
export interface Place {
  section: Section
  at: number
}

export type Desk = ReturnType<typeof useDesk>

export function useDesk(caseId: string, mayWrite: Readonly<Ref<boolean>>) {
  const personId = useSession().personId
  const state = shallowRef<DraftState>()
  const problem = shallowRef<Problem>()
  const mode = ref<Mode>('loading')
  const template = shallowRef<Template>()
  const place = ref<Place>({ section: 'findings', at: -1 })
  const asked = shallowRef<KeyImage>()
  let draft: Draft | undefined

  const windows = joinWindows(personId, caseId, hear)
  const text = computed(() => state.value?.text ?? EMPTY)
  const book = usePhrases(template, () => mode.value === 'editing')
  const checks = useChecks(caseId, text, () => mode.value === 'editing' || mode.value === 'readonly')

  function changed(now: DraftState): void {
    const before = state.value
    state.value = now
    if (mode.value !== 'editing') return
    if (before?.text !== now.text) windows.say({ kind: 'text', text: now.text })
    if (draft !== undefined && before?.savedAt !== now.savedAt && draft.isSaved) {
      windows.say({ kind: 'saved', report: { ...now.text, revision: draft.revisionOnServer, saved_at: now.savedAt } })
    }
  }

  async function load(): Promise<ReportOnServer> {
    try {
      return await report.get(caseId)
    } catch (reason) {
      const kept = keptReport(personId, caseId, Date.now())
      if (asProblem(reason).offline && kept !== undefined) return { ...kept.base, revision: kept.baseRevision }
      throw reason
    }
  }

  async function open(): Promise<void> {
    mode.value = 'loading'
    try {
      draft = await Draft.open({
        load,
        save: (now, base) => report.put(caseId, now, base),
        keep: (kept) => keepReport(personId, caseId, kept),
        kept: () => (mayWrite.value ? keptReport(personId, caseId, Date.now()) : undefined),
        drop: () => { dropReport(personId, caseId) },
        after: (ms, then) => {
          const timer = setTimeout(then, ms)
          return () => { clearTimeout(timer) }
        },
        now: () => Date.now(),
        changed,
      })
      settleMode()
    } catch (reason) {
      problem.value = asProblem(reason)
      mode.value = 'failed'
    }
    await begin()
  }

  function settleMode(): void {
    if (draft === undefined || mode.value === 'failed') return
    if (!mayWrite.value) mode.value = 'readonly'
    else if (mode.value !== 'elsewhere') {
      mode.value = 'editing'
      windows.say({ kind: 'take' })
    }
  }

  /** The template for this modality and body part; its text goes in where nothing was written yet. */
  async function begin(): Promise<void> {
    try {
      template.value ??= await templates.forCase(caseId)
    } catch {
      // Without a template the sections are still there; the picker offers to load one.
      return
    }
    if (mode.value === 'editing' && draft?.untouched === true) draft.edit(template.value.text)
  }

  function hear(message: Message): void {
    if (message.kind === 'take' && mode.value === 'editing') void stepBack()
    else if (message.kind === 'free' && mode.value === 'elsewhere') void takeBack()
    else if (message.kind === 'text' && mode.value === 'elsewhere' && state.value !== undefined) state.value = { ...state.value, text: message.text }
    else if (message.kind === 'saved' && mode.value === 'elsewhere') draft?.takeOver(message.report)
    else if (message.kind === 'insert' && mode.value === 'editing') insert(message.text)
    else if (message.kind === 'image' && mode.value === 'editing') toggleImage(message.image)
    else if (message.kind === 'go') asked.value = message.image
  }

  async function stepBack(): Promise<void> {
    mode.value = 'elsewhere'
    await draft?.flush()
  }

  async function takeBack(): Promise<void> {
    mode.value = 'loading'
    draft?.stop()
    await open()
  }

  function edit(section: Section, now: string): void {
    if (mode.value === 'editing') draft?.edit({ [section]: now })
  }

  /** Puts text at the cursor, or at the end of the findings on a line of its own. */
  function insert(more: string): void {
    if (mode.value === 'elsewhere') windows.say({ kind: 'insert', text: more })
    if (mode.value !== 'editing') return
    const { section, at } = place.value
    const now = text.value[section]
    const cut = at < 0 || at > now.length ? now.length : at
    const put = at < 0 && now !== '' && !now.endsWith('\n') ? `\n${more}` : more
    edit(section, now.slice(0, cut) + put + now.slice(cut))
    place.value = { section, at: cut + put.length }
  }

  function toggleImage(image: KeyImage): void {
    if (mode.value === 'elsewhere') windows.say({ kind: 'image', image })
    const images = text.value.key_images
    const without = images.filter((known) => !isSame(known, image))
    setImages(without.length < images.length ? without : [...images, image])
  }

  function setImages(images: KeyImage[]): void {
    if (mode.value === 'editing') draft?.edit({ key_images: images })
  }

  /** Puts a template in: over everything, or only where nothing is written. */
  function use(chosen: Template, over: boolean): void {
    template.value = chosen
    const parts = SECTIONS.filter((section) => over || text.value[section].trim() === '')
    draft?.edit(Object.fromEntries(parts.map((section) => [section, chosen.text[section] ?? ''])))
  }

  function beforeUnload(event: BeforeUnloadEvent): void {
    if (draft === undefined || draft.isSaved || mode.value !== 'editing') return
    report.last(caseId, draft.text, draft.revisionOnServer)
    if (state.value?.kept === false || state.value?.phase === 'conflict' || state.value?.phase === 'refused') event.preventDefault()
  }

  function back(): void {
    if (mode.value === 'editing') void draft?.flush()
    if (mode.value === 'failed') void open()
  }

  /** A phone may end a page that is not in view without another word. */
  const hidden = (): void => {
    if (document.visibilityState === 'hidden') back()
  }
  const leaving = (): void => {
    if (mode.value === 'editing') windows.say({ kind: 'free' })
  }

  watch(mayWrite, settleMode)
  window.addEventListener('beforeunload', beforeUnload)
  window.addEventListener('pagehide', leaving)
  window.addEventListener('online', back)
  document.addEventListener('visibilitychange', hidden)
  onScopeDispose(() => {
    leaving()
    void draft?.flush()
    windows.close()
    window.removeEventListener('beforeunload', beforeUnload)
    window.removeEventListener('pagehide', leaving)
    window.removeEventListener('online', back)
    document.removeEventListener('visibilitychange', hidden)
  })

  return {
    caseId,
    state,
    text,
    mode,
    problem,
    template,
    place,
    asked,
    book,
    ...checks,
    open,
    edit,
    insert,
    toggleImage,
    setImages,
    use,
    takeBack,
    putCursor: (section: Section, at: number) => (place.value = { section, at }),
    go: (image: KeyImage) => { windows.say({ kind: 'go', image }) },
    settle: (section: Section, now: string) => draft?.settle(section, now),
    flush: async () => { if (mode.value === 'editing') await draft?.flush() },
    isSaved: () => draft === undefined || mode.value !== 'editing' || draft.isSaved,
  }
}
