/** `npm run reference`: writes the references of `docs/reference` that are made from the sources. */

import { writeFileSync } from 'node:fs'
import { ROOT } from './packages.ts'
import { references } from './reference/index.ts'

for (const { file, text } of references()) {
  writeFileSync(ROOT + file, text)
  console.log(`wrote ${file}`)
}
