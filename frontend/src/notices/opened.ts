/** A case that is before the person's eyes: what was told of it is read, also what comes while they look. */
import { onBeforeUnmount, onMounted, watch } from 'vue'

import { useNotices } from './store'

/** ``shown`` is the case's id once it is on the screen, empty until then. */
export function useOpened(shown: () => string): void {
  const notices = useNotices()

  async function look(): Promise<void> {
    const id = shown()
    if (id === '' || document.visibilityState !== 'visible') return
    try {
      await notices.readOfCase(id)
    } catch {
      // they stay new; the next look at the case, or the list, marks them
    }
  }

  watch([shown, () => notices.came], () => void look(), { immediate: true })
  onMounted(() => document.addEventListener('visibilitychange', look))
  onBeforeUnmount(() => document.removeEventListener('visibilitychange', look))
}
