/** Moves the focus from case to case on the desk: down and up in a column, left and right between them. */

function cardsIn(column: Element): HTMLElement[] {
  return [...column.querySelectorAll<HTMLElement>('[data-card]')]
}

/** The case that has the focus. */
export function focusedCase(): string | undefined {
  return document.activeElement?.closest<HTMLElement>('[data-case]')?.dataset.case
}

export function step(desk: HTMLElement | null, down: number, right: number): void {
  const columns = [...(desk?.querySelectorAll('[data-column]') ?? [])].filter((column) => cardsIn(column).length > 0)
  const at = columns.findIndex((column) => column.contains(document.activeElement))
  const from = columns[at]
  const row = from === undefined ? -1 : cardsIn(from).findIndex((card) => card.closest('[data-case]')?.contains(document.activeElement))
  const to = columns[from === undefined ? 0 : Math.min(columns.length - 1, Math.max(0, at + right))]
  if (to === undefined) return
  const cards = cardsIn(to)
  const place = Math.min(cards.length - 1, Math.max(0, row + down))
  cards[place]?.focus()
  cards[place]?.scrollIntoView({ block: 'nearest' })
}
