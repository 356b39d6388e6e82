/** A certificate of a test's own, signed by itself, for localhost and 127.0.0.1. */

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Certificate {
  /** Files in PEM. */
  readonly key: string
  readonly cert: string
  remove(): Promise<void>
}

export async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'spaceship-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-addext', 'subjectAltName=DNS:localhost,DNS:cache.test,IP:127.0.0.1']
  const about = ['-days', '2', '-subj', '/CN=localhost', ...names]
  await promisify(execFile)('openssl', [...made, '-keyout', key, '-out', cert, ...about])
  return { key, cert, remove: () => rm(folder, { recursive: true }) }
}
