/** Owns colours: on a terminal only, and none where `NO_COLOR` is set. */

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

export const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout, validateStream: true })
