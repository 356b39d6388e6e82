/** Owns the XML that S3 and SNS write: elements of texts, lists and further elements. */

import type { Reply } from './serve.ts'

export type Element =
  | string
  | number
  | boolean
  | undefined
  | readonly Element[]
  | { readonly [name: string]: Element }

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export function xml(status: number, name: string, content: Element): Reply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${written(name, content)}`
  return { status, headers: { 'content-type': 'application/xml' }, body }
}

/** A list is its element again for each item. */
function written(name: string, content: Element): string {
  if (content === undefined) return ''
  if (Array.isArray(content)) return content.map((item: Element) => written(name, item)).join('')
  const inner =
    typeof content === 'object'
      ? Object.entries(content)
          .map(([inside, value]) => written(inside, value))
          .join('')
      : escaped(String(content))
  return `<${name}>${inner}</${name}>`
}

function escaped(text: string): string {
  // What XML cannot hold is a character reference, as AWS writes it.
  return text
    .replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
    .replace(/[\r\n\t]/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`)
}

/** The texts of an element of a request, wherever they stand. */
export function textsOf(body: string, name: string): string[] {
  return [...body.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) =>
    text
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&apos;', "'")
      .replace(/&#x([0-9a-fA-F]{1,6});/g, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
      .replaceAll('&amp;', '&'),
  )
}
