/** Owns the order of what waits: a binary heap whose items know their place, so that any of them can be moved or taken out. */

export interface Placed {
  /** The least stands first. */
  at: number
  /** Written by the heap alone. */
  place: number
}

export interface Heap<Item extends Placed> {
  readonly first: Item | undefined
  add(item: Item): void
  remove(item: Item): void
  /** After the item's `at` has changed. */
  moved(item: Item): void
}

export function createHeap<Item extends Placed>(): Heap<Item> {
  const items: Item[] = []

  function put(item: Item, place: number): void {
    items[place] = item
    item.place = place
  }

  function rise(item: Item): void {
    for (;;) {
      const above = (item.place - 1) >> 1
      const parent = items[above]
      if (item.place === 0 || parent === undefined || parent.at <= item.at) return
      put(parent, item.place)
      put(item, above)
    }
  }

  function sink(item: Item): void {
    for (;;) {
      const [left, right] = [items[item.place * 2 + 1], items[item.place * 2 + 2]]
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left
      if (child === undefined || child.at >= item.at) return
      const { place } = child
      put(child, item.place)
      put(item, place)
    }
  }

  return {
    get first() {
      return items[0]
    },
    add: (item) => {
      put(item, items.length)
      rise(item)
    },
    remove: (item) => {
      const last = items.pop()
      if (last === undefined || last === item) return
      put(last, item.place)
      rise(last)
      sink(last)
    },
    moved: (item) => {
      rise(item)
      sink(item)
    },
  }
}
