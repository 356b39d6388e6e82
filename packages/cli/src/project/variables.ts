/** Owns which environment variables a project's code sees. */

import { devNull } from 'node:os'
import type { Config, Variables } from '../config.ts'

/** What would lead a process of the embedded ship to an account: names, or beginnings of names. */
const ACCOUNT = /^AWS_(PROFILE|SESSION_TOKEN|ROLE_|WEB_IDENTITY|CONTAINER_|SHARED_|CONFIG_FILE|ENDPOINT_URL)/

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9'

/** Stands for the endpoints of a ship where none is needed: what makes the reactors calls nobody. */
export const offline: Readonly<Record<string, string>> = {
  AWS_ENDPOINT_URL: NOWHERE,
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'offline',
  AWS_SECRET_ACCESS_KEY: 'offline',
  AWS_EC2_METADATA_DISABLED: 'true',
  // As on a ship: nothing that is said elsewhere leads a client past these endpoints.
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
  AWS_USE_FIPS_ENDPOINT: 'false',
  AWS_USE_DUALSTACK_ENDPOINT: 'false',
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  SEARCH_URL: NOWHERE,
  SLACK_URL: NOWHERE,
  SLACK_API_URL: `${NOWHERE}/api`,
}

/** The variables of a process on the ship: what the terminal has, but nothing that leads to an account; then the config's; then the ship's. */
export function variablesOf(
  config: Pick<Config, 'variables'>,
  ship: Readonly<Record<string, string>>,
  terminal: Variables,
): Record<string, string> {
  return { ...outside(terminal), ...config.variables, ...ship }
}

function outside(terminal: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(terminal).flatMap(([name, value]) =>
      value === undefined || ACCOUNT.test(name) ? [] : [[name, value] as const],
    ),
  )
}
