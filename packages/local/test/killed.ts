import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const WRITER = fileURLToPath(new URL('./fixtures/ship/writer.ts', import.meta.url))

/** Runs the writer on a folder and kills it at the given line: what it was answered by then, as lane and version. */
export async function killedWriter(
  data: string,
  { mode, round = 0, lines }: { readonly mode: string; readonly round?: number; readonly lines: number },
): Promise<readonly { readonly lane: string; readonly version: number }[]> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@spaceship/source',
      '--disable-warning=ExperimentalWarning',
      WRITER,
      data,
      mode,
      String(round),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const gone = once(child, 'exit')
  const answered: { lane: string; version: number }[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const [lane = '', version] = line.split(' ')
    answered.push({ lane, version: Number(version) })
    if (answered.length === lines) child.kill('SIGKILL')
  }
  const [, signal] = await gone
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself, after ${answered.length} lines`)
  return answered
}
