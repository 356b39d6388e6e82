/** Owns the emulators of AWS of the lane `emulators`: where they lie, and a server of each. */

import { existsSync } from 'node:fs'
import { ROOT } from './packages.ts'
import { type LaneServer, startServer } from './server.ts'

const FOLDER = `${ROOT}.lanes/python`

/** How `.ci/run` installs them. */
export const INSTALL =
  "python3 -m venv .lanes/python && .lanes/python/bin/pip install -q 'moto[server,stepfunctions]==5.2.5' ministack==1.5.33"

export function emulatorsInstalled(): boolean {
  return ['moto_server', 'ministack'].every((name) => existsSync(`${FOLDER}/bin/${name}`))
}

/** @throws if it does not start */
export async function startMoto(): Promise<LaneServer> {
  const server = await startServer({
    name: 'moto',
    command: `${FOLDER}/bin/moto_server`,
    args: (port) => ['-H', '127.0.0.1', '-p', String(port)],
  })
  // Without it state machines are kept and not run.
  await fetch(`${server.config.endpoint}/moto-api/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ stepfunctions: { execute_state_machine: true } }),
  })
  return server
}

/** @throws if it does not start */
export function startMinistack(): Promise<LaneServer> {
  return startServer({
    name: 'ministack',
    command: `${FOLDER}/bin/ministack`,
    args: () => [],
    environment: (port) => ({
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      LOG_LEVEL: 'WARNING',
    }),
  })
}
