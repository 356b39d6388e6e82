import { clientRecords, Client } from './clients.ts'
import { outlineOf } from '../packages/core/src/wire/outline.ts'
import { changeOf } from '../packages/core/src/wire/change.ts'
import { imageAt } from '../packages/core/src/wire/image.ts'
import { read } from '../packages/core/src/wire/incoming.ts'
const { inserts, modifies } = clientRecords(1000)
function time(name: string, list: readonly any[], f: (x: any) => unknown) {
  let sink: unknown
  for (let i = 0; i < 60; i++) for (const x of list) sink = f(x)
  const res = []
  for (let r = 0; r < 7; r++) { const c = process.cpuUsage(); for (let i = 0; i < 40; i++) for (const x of list) sink = f(x); const d = process.cpuUsage(c); res.push((d.user + d.system) / 40 / list.length) }
  res.sort((a, b) => a - b)
  console.log(name.padEnd(30), res[3]!.toFixed(3), 'us')
  return sink
}
const b64 = inserts.map((x) => Buffer.from(x).toString('base64')), m64 = modifies.map((x) => Buffer.from(x).toString('base64'))
const bufs = inserts.map((x) => Buffer.from(x))
const mbufs = modifies.map((x) => Buffer.from(x))
const which = process.argv[2]
const no = () => false, yes = () => true
const v = Client.spec.schema['~standard'].validate as any
const cases: any = {
  base64: () => time('base64', b64, (x) => Buffer.from(x, 'base64')),
  base64flat: () => { const s = b64.map(x => Buffer.from(x).toString('latin1')); time('base64flat', s, (x) => Buffer.from(x, 'base64')) },
  slow: () => { time('b64 allocUnsafeSlow', b64, (x) => { const b = Buffer.allocUnsafeSlow(1300); b.write(x, 'base64'); return b }) },
  scratch: () => { const b = Buffer.alloc(4000); time('b64 scratch', b64, (x) => b.write(x, 0, 'base64')) },
  head: () => time('b64 head 432', b64, (x) => Buffer.from(x.slice(0, 432), 'base64')),
  headtail: () => time('b64 head 432', b64, (x) => [Buffer.from(x.slice(0, 432), 'base64'), Buffer.from(x.slice(-48), 'base64')]),
  floorI: () => time('floor I', b64, (x) => JSON.parse(Buffer.from(x, 'base64') as any)),
  floorM: () => time('floor M', m64, (x) => JSON.parse(Buffer.from(x, 'base64') as any)),
  unwanted: () => time('unwanted', bufs, (x) => read(x, no)),
  unwanted64: () => time('unwanted64', b64, (x) => read(Buffer.from(x, 'base64'), no)),
  readI: () => time('read I', bufs, (x) => read(x, yes)),
  I: () => time('I', b64, (x) => v((read(Buffer.from(x, 'base64'), yes) as any).change.image('after'))),
  M1: () => time('M one', m64, (x) => v((read(Buffer.from(x, 'base64'), yes) as any).change.image('after'))),
  M2: () => time('M both', m64, (x) => { const c = (read(Buffer.from(x, 'base64'), yes) as any).change; return [v(c.image('before')), v(c.image('after'))] }),
  outline: () => time('outline', bufs, (x) => outlineOf(x, yes)),
  outlineU: () => time('outline unwanted', bufs, (x) => outlineOf(x, no)),
  change: () => { const o = bufs.map((x) => ({ x, o: outlineOf(x, yes) as any })); time('changeOf', o, ({ x, o }) => changeOf(x, o)) },
  keys: () => { const o = bufs.map((x) => ({ x, o: outlineOf(x, yes) as any })); time('imageAt keys', o, ({ x, o }) => imageAt(x, o.keys.start, 'text')) },
  img: () => { const o = bufs.map((x) => ({ x, o: outlineOf(x, yes) as any })); time('imageAt', o, ({ x, o }) => imageAt(x, o.after.start, 'double')) },
  key: () => { const cs = bufs.map(x => (read(x, yes) as any)); time('read+key', bufs, (x) => (read(x, yes) as any).change.keyText(['id'])) },
  by: () => { time('read+by', bufs, (x) => (read(x, yes) as any).change.by) },
}
if (which) cases[which]()
else { const { spawnSync } = await import('node:child_process'); for (const k of Object.keys(cases)) process.stdout.write(spawnSync(process.execPath, ['--conditions=@spaceship/source', 'bench/q.ts', k], { encoding: 'utf8' }).stdout) }
