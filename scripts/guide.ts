/** Owns what the TypeScript blocks of a guide are: files, programs that print what the guide says, and code that is only compiled. */

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { ROOT } from './packages.ts'

/**
 * | fence | what becomes of the block |
 * |---|---|
 * | `ts` | runs as a program of its own; each `console.log(...) // text` prints its comment, or all of it the block that follows |
 * | `ts src/client.ts`, or a first line `// client.ts` | a file, which other blocks may import |
 * | `ts compiled` | compiles |
 * | `text printed` or `json printed` | what the program before it prints |
 */
export interface Block {
  /** The file that the block is, or its number. */
  readonly file: string
  readonly code: string
  /** Undefined for what does not run. */
  readonly prints: string | undefined
}

export const textOf = (guide: string): string => readFileSync(`${ROOT}${guide}`, 'utf8')

/** The lines of the block `text <name>`, which a test of the guide's own holds. */
export function shownIn(guide: string, name: string): string[] {
  const [, lines] = new RegExp(`^\`\`\`text ${name}\\n(.*?)\\n\`\`\`$`, 'ms').exec(textOf(guide)) ?? []
  if (lines === undefined) throw new Error(`${guide} has no block 'text ${name}'`)
  return lines.split('\n')
}

export function blocksOf(guide: string): Block[] {
  const fences = [...textOf(guide).matchAll(/^```([^\n]*)\n(.*?)^```$/gms)]
  return fences.flatMap(([, info = '', code = ''], n) => {
    const [, kind, about] = /^(ts)(?: (\S+))?$/.exec(info) ?? []
    if (kind === undefined) return []
    const [, first] = /^\/\/ ([\w.-]+\.ts)\n/.exec(code) ?? []
    const file = first ?? (about === 'compiled' ? undefined : about)
    const [, next = '', output = ''] = fences[n + 1] ?? []
    const promised = / printed$/.test(next) ? output : commentsOf(code)
    const runs = file === undefined && about !== 'compiled'
    return [{ file: file ?? `${n}.ts`, code, prints: runs ? promised : undefined }]
  })
}

/** What stands behind each `console.log(...)`. */
function commentsOf(code: string): string {
  return [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, said]) => `${said}\n`).join('')
}

/** Writes the blocks into a folder. A local import of what the guide does not show means the example application. */
export function writeBlocks(folder: string, blocks: readonly Block[], application: string): void {
  const files = new Set(blocks.map(({ file }) => file))
  for (const { file, code } of blocks) {
    const elsewhere = relative(dirname(join(folder, file)), application)
    const body = code.replaceAll(/from '\.\/([\w.-]+)'/g, (found, name) =>
      files.has(join(dirname(file), name)) ? found : `from '${elsewhere}/${name}'`,
    )
    mkdirSync(dirname(`${folder}/${file}`), { recursive: true })
    writeFileSync(`${folder}/${file}`, /^(import|export) /m.test(body) ? body : `${body}\nexport {}\n`)
  }
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs Node in a folder, with the packages' sources. */
export async function node(folder: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=@spaceship/source', ...args], {
    cwd: folder,
    env: { ...process.env, FORCE_COLOR: '0', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { code, out, err }
}

/** Without what differs from run to run: the times of log lines. */
export const masked = (output: string): string =>
  output.trimEnd().replaceAll(/^\d\d:\d\d:\d\d\.\d{3}/gm, '00:00:00.000')
