/** Owns the names in JSON that OpenSearch refuses, and `JSON.parse` does not: one that stands twice in an object, and one that ends in half a letter. */

/** @param text JSON @returns what is wrong, without the name */
export function misnamed(text: string): string | undefined {
  /** The names of each object that is open, nothing for a list. */
  const open: (Set<string> | undefined)[] = []
  let isName = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined)
      isName = character === '{'
    } else if (character === '}' || character === ']') open.pop()
    else if (character === ',') isName = open.at(-1) !== undefined
    else if (character === '"') {
      const end = endOf(text, at)
      if (isName) {
        const name = String(JSON.parse(text.slice(at, end)))
        if (open.at(-1)?.has(name)) return 'Duplicate Object property'
        if (!name.isWellFormed()) return 'Broken surrogate pair in property name'
        open.at(-1)?.add(name)
      }
      isName = false
      at = end - 1
    }
  }
  return undefined
}

/** Behind the quote that ends a string. */
function endOf(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}
