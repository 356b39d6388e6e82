/** Owns the story: what the application does, and what must come of it. */

import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { Client as SearchClient } from '@opensearch-project/opensearch'
import { marshal } from '@spaceship/core'
import { publisher } from '@spaceship/handlers/kinesis'
import { invoicePaid } from '../src/client.ts'
import { type Claim, heldClaims, undecided } from './claims.ts'
import type { Say } from './console.ts'
import { tellOfErrors } from './error-watch.ts'
import type { Line } from './report.ts'
import type { Runtime } from './runtimes.ts'
import { PATIENCE, type Pad } from './ship.ts'
import { seenByPeople } from './slack-text.ts'

/** For all of the story. A death in mid-flight costs the failover time and, if a handler was running, the lease of its claim. */
const LONGEST = 60_000

const REMINDED = 'has not started the tutorial'

/** What a process that was killed may have left behind. */
interface Death {
  readonly pid: number
  /** Claims that it held, and those of them that nobody has decided. */
  readonly held: readonly Claim[]
  readonly open: readonly Claim[]
}

const times = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`

/** A process that dies between Slack's answer and the end of its claim cannot know what came of its message: the next one posts again. */
function afterDeath({ pid, held, open }: Death, repeated: readonly string[]): readonly Line[] {
  const seen = `${repeated.length} of the ${times(held.length, 'message')} in flight`
  return [
    {
      what: 'what the killed process held is decided',
      expected: '0 claims open',
      seen: `${times(open.length, 'claim')} open`,
      because: held.map(({ route }) => `a claim of the route ${route}, held by ${pid}`),
    },
    {
      what: 'what came twice after the kill',
      expected: repeated.length <= held.length ? seen : `at most ${times(held.length, 'message')}`,
      seen,
      because: [
        ...repeated.map((text) => `twice: ${text}`),
        repeated.length === 0
          ? 'The kill came before Slack had them, or after the claims had ended.'
          : `Slack had it when ${pid} was killed, its claim did not know yet: at least once, as promised.`,
      ],
    },
  ]
}

type Row = {
  readonly id: string
  readonly name: string
  readonly plan: string
  readonly seats: number
  readonly tutorialStartedAt?: string
}

export async function tell(
  pad: Pad,
  runtime: Runtime,
  say: Say,
  { kill }: { readonly kill: boolean },
): Promise<readonly Line[]> {
  const { ship, dynamodb } = pad
  const search = new SearchClient({ node: ship.endpoints.search })
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
  const publish = publisher({ stream: 'clients-cdc', client: kinesis, source: 'billing' })
  const lines: Line[] = []
  const end = Date.now() + LONGEST
  let death: Promise<Death> | undefined

  async function save(row: Row): Promise<number> {
    const at = Date.now()
    // `marshal` makes the attributes of strings and numbers, which are the SDK's.
    await dynamodb.send(new PutItemCommand({ TableName: 'clients', Item: marshal(row) as never }))
    return at
  }

  /** A message that must come, measured from the write. */
  async function message(what: string, since: number, channel: string, text: string): Promise<void> {
    const came = await ship.slack
      .waitFor((m) => m.channel === channel && seenByPeople(m.text) === text, {
        timeoutMs: Math.max(1, end - Date.now()),
      })
      .catch(() => undefined)
    note({
      what,
      expected: text,
      seen: came === undefined ? 'nothing' : seenByPeople(came.text),
      latency: came === undefined ? undefined : came.at.getTime() - since,
    })
  }

  async function found(what: string, since: number, words: string, expected: number): Promise<void> {
    let total = -1
    while (Date.now() < end) {
      total = await count(words)
      if (total === expected) break
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    note({
      what,
      expected: times(expected, 'hit'),
      seen: times(total, 'hit'),
      latency: total === expected ? Date.now() - since : undefined,
    })
  }

  async function count(words: string): Promise<number> {
    const query = { match: { name: words } }
    const { body } = await search.count({ index: 'clients', body: { query } }, { ignore: [404] })
    return body.count ?? 0
  }

  /** In the middle: one of the two welcomes has been posted, the other has not. */
  async function killInFlight(): Promise<void> {
    await ship.slack.waitFor(() => true, { timeoutMs: LONGEST })
    const { pid } = runtime
    if (pid === undefined) return
    say(`kill -9 ${pid}`)
    process.kill(pid, 'SIGKILL')
    death = decisions(pid)
  }

  /** Beside the story, which goes on. */
  async function decisions(pid: number): Promise<Death> {
    const held = await heldClaims(pad)
    const routes = held.map(({ route }) => route).join(', ')
    say(
      held.length === 0
        ? `${pid} held no claim`
        : `${pid} held ${times(held.length, 'claim')} (${routes}): nobody knows yet what came of the messages`,
    )
    const open = await undecided(pad, held, end, say)
    if (held.length > 0 && open.length === 0) say('the claims of the killed process are decided')
    return { pid, held, open }
  }

  function note(line: Line): void {
    lines.push(line)
    const mark = line.expected === line.seen ? '✓' : '✗'
    say(`${mark} ${line.what}: ${line.seen}${line.latency === undefined ? '' : ` (${line.latency} ms)`}`)
  }

  try {
    // DynamoDB may repeat a change on its way to Kinesis: here it does, every third time.
    ship.faults.duplicate(0.3)

    say('the application saves Acme and Globex, both on trial')
    const acme: Row = { id: 'acme', name: 'Acme Rockets', plan: 'trial', seats: 250 }
    const globex: Row = { id: 'globex', name: 'Globex Mining', plan: 'trial', seats: 40 }
    const [acmeAt, globexAt] = await Promise.all([save(acme), save(globex)])
    if (kill) await killInFlight()
    say('Acme starts the tutorial')
    const learning = { ...acme, tutorialStartedAt: new Date().toISOString() }
    await save(learning)
    await Promise.all([
      message(
        'marketing hears of Acme',
        acmeAt,
        '#marketing',
        'Acme Rockets just came on board with 250 seats',
      ),
      message(
        'marketing hears of Globex',
        globexAt,
        '#marketing',
        'Globex Mining just came on board with 40 seats',
      ),
      found('a search for "rockets" finds Acme', acmeAt, 'rockets', 1),
    ])

    say('Acme upgrades; Initech comes and goes; billing publishes a payment')
    const upgradedAt = await save({ ...learning, plan: 'paid' })
    const initechAt = await save({ id: 'initech', name: 'Initech Staplers', plan: 'trial', seats: 7 })
    const paidAt = Date.now()
    await publish(invoicePaid, { clientId: 'acme', amount: 4200 })
    await Promise.all([
      message('marketing hears of the upgrade', upgradedAt, '#marketing', 'Acme Rockets: trial -> paid'),
      message('success hears of the payment', paidAt, '#success', 'acme paid 4200'),
      message(
        'marketing hears of Initech',
        initechAt,
        '#marketing',
        'Initech Staplers just came on board with 7 seats',
      ),
      found('a search for "staplers" finds Initech', initechAt, 'staplers', 1),
    ])
    const removedAt = Date.now()
    await dynamodb.send(new DeleteItemCommand({ TableName: 'clients', Key: { id: { S: 'initech' } } }))
    await found('the search has lost Initech', removedAt, 'staplers', 0)

    say(
      `three days (here ${PATIENCE / 1_000} s) after joining, who has not started the tutorial is reminded: an execution of a state machine waits for that`,
    )
    await Promise.all([
      message('success is reminded of Globex', globexAt + PATIENCE, '#success', `Globex Mining ${REMINDED}`),
      tellOfErrors(pad, { say, note, message }),
    ])

    // What must not come would have come by now: it was due no later, and its lane keeps its order.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    // The claims first: until then a message may come again.
    const died = await death
    const texts = ship.slack.messages.map((m) => `${m.channel}: ${seenByPeople(m.text)}`)
    const reminded = new Set(texts.filter((text) => text.endsWith(REMINDED)))
    const others = reminded.size - 1
    note({
      what: 'nobody else is reminded',
      expected: '0 others',
      seen: `${others} others`,
    })
    note({
      what: 'no execution waits any more: a cancel stops it',
      expected: '0 running',
      seen: `${ship.stepFunctions.running.length} running`,
    })

    const repeated = texts.filter((text, i) => texts.indexOf(text) < i)
    if (died !== undefined) for (const line of afterDeath(died, repeated)) note(line)
    else
      note({
        what: 'no message came twice',
        expected: '0 repeated',
        seen: `${repeated.length} repeated`,
        because: repeated,
      })
    return lines
  } finally {
    await pad.logs.ship()
    kinesis.destroy()
    await search.close()
  }
}
