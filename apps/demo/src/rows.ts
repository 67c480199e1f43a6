import type { Part } from './element.js'

/** A list whose rows stay the same elements as long as their keys stay, so that nobody loses the focus. */
export class Rows<Item> {
  private readonly rowsByKey = new Map<string, Readonly<{ element: HTMLElement; show(item: Item): void }>>()

  constructor(
    private readonly list: HTMLElement,
    private readonly keyOf: (item: Item) => string,
    private readonly makeRow: (item: Item) => Readonly<{ element: HTMLElement; show(item: Item): void }>,
  ) {}

  show(items: readonly Item[]): void {
    const keys = new Set(items.map(this.keyOf))
    for (const [key, row] of this.rowsByKey) {
      if (keys.has(key)) continue
      row.element.remove()
      this.rowsByKey.delete(key)
    }
    items.forEach((item, index) => {
      const row = this.rowFor(item)
      // Moving a row would take the focus away from the field in it.
      const there = this.list.children[index]
      if (there !== row.element) this.list.insertBefore(row.element, there ?? null)
      row.show(item)
    })
  }

  private rowFor(item: Item) {
    const key = this.keyOf(item)
    const row = this.rowsByKey.get(key) ?? this.makeRow(item)
    this.rowsByKey.set(key, row)
    return row
  }
}

/** Hides a part of the page while there is nothing in it. */
export function hideUnless(shown: boolean, part: Part['element']): void {
  if (part.hidden === shown) part.hidden = !shown
}
