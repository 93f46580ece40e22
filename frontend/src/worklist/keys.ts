/** Single keys for people who work without the mouse; silent while someone types or a dialog is open. */
import { onBeforeUnmount, onMounted } from 'vue'

const TYPING = 'input, textarea, select, [contenteditable], [role=dialog], [role=listbox], [role=menu]'

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPING) !== null
}

/** Whether the key already means something where the focus is: Space and Enter press a button. */
function pressesSomething(event: KeyboardEvent): boolean {
  return event.key === ' ' && event.target instanceof Element && event.target.closest('button, summary, label') !== null
}

export function useKeys(actions: Record<string, () => void>): void {
  function heard(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const action = actions[event.key]
    if (action === undefined || isTyping(event.target) || pressesSomething(event)) return
    if (document.querySelector('.el-overlay:not([style*="display: none"]) [role=dialog]') !== null) return
    event.preventDefault()
    action()
  }
  onMounted(() => {
    window.addEventListener('keydown', heard)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('keydown', heard)
  })
}
