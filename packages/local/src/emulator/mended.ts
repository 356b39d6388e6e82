/**
 * Owns what is mended in the emulators, in the thread that runs them: their versions are fixed, and each change says what it expects to find.
 * Those of kinesalite stand in `streams.ts`.
 *
 * | what                       | without it                                                                                    |
 * |----------------------------|-----------------------------------------------------------------------------------------------|
 * | parsers of expressions     | try one way after the other, and read what stands in parentheses anew for each: twice as long for each pair |
 * | comparison of values       | trips over an attribute that is not there; lists and maps equal nothing                       |
 * | indices in an update       | are those of a list from which others were removed already                                   |
 * | locks                      | stay held by a call that threw                                                                |
 * | stores                     | are made where nobody can reach them                                                          |
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { compileFunction } from 'node:vm'
import { type Change, KINESALITE } from './streams.ts'

const require = createRequire(import.meta.url)

const START = '  peg$result = peg$startRuleFunction();'

/** Within a parser: `rule` at the current place, or what came of it before. What fails is told of only outside of a lookahead. */
const MEMORY = `
  function peg$once(rule) {
    var ends = new Map()
    return function () {
      var key = peg$currPos * 2 + (peg$silentFails === 0 ? 0 : 1)
      var known = ends.get(key)
      if (known !== undefined) {
        peg$currPos = known.end
        return known.result
      }
      var result = rule()
      ends.set(key, { result: result, end: peg$currPos })
      return result
    }
  }
`

const COMPARISON: readonly Change[] = [
  [
    "    if (compType != attrType) return false\n    if (compType == 'B')",
    "    if (compType != attrType || compType == null) return false\n    if (compType == 'B')",
  ],
  [
    '      compType = Object.keys(compVal)[0]\n',
    '      if (!compVal) return false\n      compType = Object.keys(compVal)[0]\n',
  ],
  [
    '    if (!attrVal || compType != attrType ||\n',
    '    if (!attrVal || compType != attrType || !compVals[1] || compVals[1][compType] == null ||\n',
  ],
]

/** Lists and maps are equal by what they hold; sets in whatever order. */
const EQUALITY: Change = [
  `    return val1.every(function (val) { return ~val2.indexOf(val) })
  }
  else {
    return val1 == val2
  }
}
`,
  `    return val1.every(function (val, i) {
      return typeof val == 'object' ? attrsEqual(val, val2[i]) : ~val2.indexOf(val)
    })
  }
  if (val1 && val2 && typeof val1 == 'object' && typeof val2 == 'object') {
    var names = Object.keys(val1)
    return names.length == Object.keys(val2).length && names.every(function (name) {
      return Object.hasOwn(val2, name) && attrsEqual(val1[name], val2[name])
    })
  }
  return val1 == val2
}

function attrsEqual (attr1, attr2) {
  var type = Object.keys(attr1)[0]
  if (type != Object.keys(attr2)[0]) return false
  return type == 'N' ? new Big(attr1.N).eq(attr2.N) : valsEqual(attr1[type], attr2[type])
}
`,
]

/** All paths of an update mean the item as it was: what shortens lists comes last, from their ends on. */
const UPDATE: readonly Change[] = [
  [
    '      section.val = resolveValue(section.val, item)\n',
    '      section.val = deepClone(resolveValue(section.val, item))\n',
  ],
  [
    '  for (i = 0; i < sections.length; i++) {\n    section = sections[i]\n',
    '  sections = inOrder(sections)\n  for (i = 0; i < sections.length; i++) {\n    section = sections[i]\n',
  ],
  [
    'function deleteFromParent (',
    `function inOrder (sections) {
  var shortens = function (section) { return section.type == 'remove' || section.type == 'delete' }
  return sections.filter(function (section) { return !shortens(section) })
    .concat(sections.filter(shortens).sort(function (one, other) { return fromTheEnd(one.path, other.path) }))
}

function fromTheEnd (path1, path2) {
  for (var i = 0; i < path1.length && i < path2.length; i++) {
    var piece1 = path1[i], piece2 = path2[i]
    if (piece1 === piece2) continue
    if (typeof piece1 != typeof piece2) return typeof piece1 == 'number' ? -1 : 1
    return typeof piece1 == 'number' ? piece2 - piece1 : piece1 < piece2 ? -1 : 1
  }
  return path1.length - path2.length
}

function deleteFromParent (`,
  ],
]

const STORE: Change = [
  "new MemoryLevel({ valueEncoding: 'json' }),",
  "(options.store || new MemoryLevel({ valueEncoding: 'json' })),",
]

/** Loads dynalite's parts as they should be, before dynalite itself is loaded. */
export function mendDynalite(): void {
  replace('dynalite/db/index.js', (source) => [...COMPARISON, EQUALITY, STORE].reduce(changed, source))
  replace('dynalite/actions/updateItem.js', (source) => UPDATE.reduce(changed, source))
  for (const name of ['conditionParser', 'updateParser', 'projectionParser'])
    replace(`dynalite/db/${name}.js`, remembering)
}

/** Loads kinesalite as it should be: see `streams.ts`. */
export function mendKinesalite(): void {
  for (const [file, changes] of Object.entries(KINESALITE))
    replace(`kinesalite/${file}`, (source) => changes.reduce(changed, source))
}

/** A parser whose every rule is applied once at each place of the text: an expression costs as much as it is long. */
function remembering(source: string): string {
  const rules = [...source.matchAll(/^ {2}function (peg\$parse\w+)\(\) \{$/gm)].map(([, rule]) => rule)
  return changed(source, [
    START,
    `${MEMORY}${rules.map((rule) => `  ${rule} = peg$once(${rule})\n`).join('')}${START}`,
  ])
}

/** @throws Error if the text is not there: then the version of the emulator is another */
function changed(source: string, [before, after]: Change): string {
  if (source.split(before).length !== 2) throw new Error(`an emulator is not as expected: ${before.trim()}`)
  return source.replace(before, () => after)
}

function replace(specifier: string, change: (source: string) => string): void {
  const path = require.resolve(specifier)
  const module = { id: path, path, filename: path, loaded: true, exports: {}, children: [], paths: [] }
  const source = compileFunction(change(readFileSync(path, 'utf8')), ['module', 'exports', 'require'], {
    filename: path,
  })
  // Safe: what is read of a module that is loaded already is its exports.
  require.cache[path] = module as unknown as NodeJS.Module
  source(module, module.exports, createRequire(path))
}

type Done = (...results: unknown[]) => void
/** Makes of what is called at the end of some work one that lets the next one in, too. */
type Releaser = (done?: Done) => Done
type Lock = (key: unknown, work: (release: Releaser) => void) => void

/**
 * Makes the locks of an emulator let go of work that never ends, before the emulator itself is loaded.
 *
 * @returns takes note of the locks that are held; what that returns lets go of those that are still held then
 */
export function mendLocks(emulator: string): () => () => void {
  const held = new Set<() => void>()
  const near = createRequire(require.resolve(emulator))
  // Keys come from names that clients choose.
  replace(near.resolve('lock'), (source) =>
    changed(source, ['var locked = {}', 'var locked = Object.create(null)']),
  )
  const locks = near('lock')
  const make: () => Lock = locks.Lock
  locks.Lock = (): Lock => {
    const lock = make()
    return (key, work) =>
      lock(key, (release) => {
        const free = () => {
          held.delete(free)
          release()()
        }
        held.add(free)
        work((done) => {
          const ended = release(done ?? (() => {}))
          return (...results) => {
            if (held.delete(free)) ended(...results)
          }
        })
      })
  }
  return () => {
    const suspects = [...held]
    return () => {
      for (const free of suspects) if (held.has(free)) free()
    }
  }
}
