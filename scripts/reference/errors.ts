/** Owns the reference of error codes: where each comes from, what it means, and what to do. A test holds it to the codes in the sources. */

interface Code {
  readonly code: string
  /** Who throws it. */
  readonly from: string
  readonly cause: string
  readonly remedy: string
}

export const CODES: readonly Code[] = [
  {
    code: 'configuration',
    from: 'every function that is given options',
    cause: 'Options do not fit. `problems` lists all that is wrong; `message` shows the list.',
    remedy: 'Mend what is listed. Nothing has begun.',
  },
  {
    code: 'duration',
    from: 'RetryAfter, `milliseconds`',
    cause: 'The value is no duration.',
    remedy: "Give milliseconds, or a text such as '250ms', '30s', '5m', '2h' or '3d'.",
  },
  {
    code: 'permanent',
    from: 'handlers, adapters',
    cause: 'No attempt at this record can succeed: `Permanent`.',
    remedy: "Look at the dead letter, mend the record's source or the handler, and redrive it.",
  },
  {
    code: 'retry-after',
    from: 'handlers, adapters',
    cause: 'A server has said when to come back: `RetryAfter`. The attempt is not counted.',
    remedy: 'Nothing: the engine waits.',
  },
  {
    code: 'unavailable',
    from: 'handlers, adapters',
    cause:
      'A dependency is down, or its set-up is wrong: `Unavailable`. `setup`, if there is one, says what has to be granted, made or chosen.',
    remedy: 'Mend the set-up that is named; the engine waits for an outage, and nothing is lost.',
  },
  {
    code: 'schema',
    from: '`publish`, `publisher`, `encodePublished`, reminders, images',
    cause: 'A payload or an image does not fit its schema; the message has the paths.',
    remedy: 'Mend who publishes or writes it; lift old rows by `upgrade`.',
  },
  {
    code: 'attributes',
    from: '`marshal`, `unmarshal`, `change.keyText`',
    cause: 'A value is none that DynamoDB holds, or an attribute is none that a record may have.',
    remedy: 'Change the value at the path that the message names.',
  },
  {
    code: 'deadline',
    from: '`signal`, `context.extend`',
    cause: 'The attempt has passed its deadline.',
    remedy: 'Stop; raise `timeout` of the route, or call `extend` before the deadline.',
  },
  {
    code: 'claim-lost',
    from: '`context.extend`',
    cause: "Another owner has taken the claim of the attempt, or its guard with `stale: 'skip'`.",
    remedy: 'Stop: the other owner makes the attempt.',
  },
  {
    code: 'draining',
    from: '`signal`',
    cause: 'The process ends, and the time of its drain is over.',
    remedy: 'Stop: the next process makes the attempt.',
  },
  {
    code: 'no-events',
    from: '`context.publish`',
    cause: 'The runtime has no EventSink.',
    remedy: 'Pass `events`, for instance `kinesisSink({ client, stream })`, to `lambda()` or `worker()`.',
  },
  {
    code: 'publisher-closed',
    from: 'a publisher',
    cause: 'It was closed before: `close` was called, or its `await using` has ended.',
    remedy: 'Close it last, when nothing publishes any more; or make another one.',
  },
  {
    code: 'shard-open',
    from: 'a worker, in the log',
    cause:
      'A read had no next iterator, as at the end of a shard, and the stream says that the shard is open.',
    remedy:
      'Nothing: the shard is read again from its checkpoint. If it comes again, look at what answers at the endpoint of the client.',
  },
  {
    code: 'no-letter',
    from: '`createRedrive`, `spaceship letters`',
    cause: 'No dead letter has the id.',
    remedy: 'List the letters: it may have been redriven.',
  },
  {
    code: 'no-reminder',
    from: '`spaceship reminders`',
    cause: 'Nobody has scheduled the reminder of the key, or its retention is over.',
    remedy: 'List the reminders: `spaceship reminders list --status all`.',
  },
  {
    code: 'state',
    from: 'reminders',
    cause: "An item of the state table is none of a reminder's: two applications share a name and a table.",
    remedy: 'Give each application a name of its own.',
  },
  {
    code: 'state-key',
    from: '`StateStore.list`',
    cause: 'The prefix names no collection.',
    remedy: "Pass `application/...//`, or a beginning of a member's name behind it.",
  },
  {
    code: 'tainted',
    from: '`engine.open`',
    cause: 'A handler of an earlier delivery has ignored its signal and still runs.',
    remedy: 'Pass `signal` to every call of the handler.',
  },
  {
    code: 'delivery-ended',
    from: '`delivery.push`',
    cause: 'A runtime has pushed into a delivery that was settled or revoked.',
    remedy: 'Open another delivery.',
  },
  {
    code: 'no-time',
    from: '`lambda()`',
    cause: 'The invocation has less than 250 ms left.',
    remedy: "Raise the function's timeout.",
  },
  {
    code: 'not-kinesis',
    from: '`lambda()`',
    cause: 'The event is neither of a Kinesis event source mapping nor a due reminder or a tick.',
    remedy: 'Connect the function to a stream by an event source mapping.',
  },
  {
    code: 'unfinished',
    from: '`lambda()`',
    cause: 'A due reminder or a tick that the function was invoked with is not handled yet: `Unfinished`.',
    remedy: 'Invoke the function with it again, as the Retry of a state machine does.',
  },
  {
    code: 'no-answer',
    from: '`worker()`',
    cause: 'A request was not answered in time: of the lease table, of Kinesis, or of a store.',
    remedy:
      'Look at the network between the pod and what the message names. A running worker asks again; what a drain could not write is done again by the next owner.',
  },
  {
    code: 'stream',
    from: '`worker()`',
    cause: 'What answers for Kinesis does not say whose the stream is.',
    remedy: 'Look at the endpoint of the client: it leads to no Kinesis.',
  },
  {
    code: 'crashed',
    from: '`harness()`',
    cause: 'A test has let the process die: what it still does has no effect.',
    remedy: 'Nothing: a successor takes over as time passes.',
  },
  {
    code: 'expectation',
    from: '`harness().expect`',
    cause: "A claim of a test does not hold; the message has the route's trail.",
    remedy: 'Read the trail: it tells what happened to each record.',
  },
  {
    code: 'no-row',
    from: '`harness()`',
    cause: 'A test changes or expires a row that it has not put.',
    remedy: 'Put the row first.',
  },
  {
    code: 'key',
    from: '`harness()`',
    cause: 'A row lacks its key, or an update changes it.',
    remedy: 'Give all attributes of the key; remove the row and put another.',
  },
  {
    code: 'query',
    from: '`memorySearch`',
    cause: 'The double does not know the query.',
    remedy: 'Use the queries that the message lists, or the embedded spaceship.',
  },
  {
    code: 'backfill-halted',
    from: '`createBackfill`, `spaceship backfill`, `spaceship rebuild`',
    cause: "A row failed for good in a route with `whenExhausted: 'halt'`.",
    remedy: 'Mend the handler or the row, and run the backfill again: it goes on with the page of that row.',
  },
  {
    code: 'backfill-other',
    from: '`createBackfill`, `spaceship backfill`',
    cause: 'A run of this name was begun for another reactor, table or routes.',
    remedy: 'Give the run another name, or begin it anew (`anew`, `--anew`).',
  },
  {
    code: 'backfill-taken',
    from: '`createBackfill`, `spaceship backfill`, `spaceship rebuild`',
    cause: 'Another process runs the same backfill.',
    remedy: 'Let one of them go on; the other one has lost nothing.',
  },
  {
    code: 'letter',
    from: '`s3DeadLetters`, `folderDeadLetters`, `dynamodbDeadLetters`',
    cause:
      'Among the dead letters lies something that is none, or one without its bytes; the message says where.',
    remedy: 'Look at it, and put it elsewhere; restore the bytes, or remove their letter.',
  },
  {
    code: 'simulation',
    from: '`simulateFleet`',
    cause:
      'Something that must hold of deliveries did not, or the check of the scenario failed; the message has the seed, the faults, what happened, and the call that does it again.',
    remedy:
      'Make that call and look at what the reactor does there. An effect that must not happen twice needs an effect that allows repeats, or `claim`.',
  },
  {
    code: 'index-searched',
    from: '`search.keeper(index).remove`',
    cause: 'The version of an index that is to be removed is the one that is searched.',
    remedy: 'Show another version first, or name one that is not searched.',
  },
  {
    code: 'rebuild-differs',
    from: '`createRebuild`, `spaceship rebuild`',
    cause: 'The new version of an index has other documents than the old one; the message has the figures.',
    remedy:
      'Look at the dead letters of the backfill, and at what the old version holds that the table does not; then accept the differences (`acceptDifferences`, `--accept-differences`).',
  },
  {
    code: 'bundle',
    from: '`spaceship`',
    cause: 'Code of the project does not compile; the message has the places.',
    remedy: 'Mend the code.',
  },
  {
    code: 'usage',
    from: '`spaceship`',
    cause: 'A flag, an argument or an item does not fit.',
    remedy: 'Follow the message; `--help` has examples.',
  },
  {
    code: 'no-project',
    from: '`spaceship`',
    cause: 'There is no `spaceship.config.ts` here or above.',
    remedy: 'Type the command in a project, or name the config by `--config`.',
  },
  {
    code: 'no-ship',
    from: '`spaceship`',
    cause: 'No embedded ship runs in this project.',
    remedy: 'Start one by `spaceship dev`, in another terminal.',
  },
  {
    code: 'start',
    from: '`spaceship dev`',
    cause: 'The worker has ended before it consumed; what it printed stands above.',
    remedy: 'Mend what it printed: the next change of a file starts it again.',
  },
  {
    code: 'local-port',
    from: '`launch`',
    cause: 'A fixed port is taken.',
    remedy: 'Choose another port, or 0 for a free one.',
  },
  {
    code: 'local-emulator',
    from: '`launch`, and calls of the embedded spaceship',
    cause: 'An emulator does not start, or has not answered.',
    remedy: 'Look at `cause`; launch another ship.',
  },
  {
    code: 'local-provision',
    from: '`launch`, `ship.provide`',
    cause: 'A table or a stream cannot be made as asked.',
    remedy: "Follow the emulator's message.",
  },
  {
    code: 'local-put',
    from: "the embedded spaceship's scheduler",
    cause: 'The stream of a schedule refuses its record.',
    remedy: 'Make the stream, or change the schedule.',
  },
  {
    code: 'local-closed',
    from: '`ship.lambda`',
    cause: 'The spaceship is closed.',
    remedy: 'Launch another one.',
  },
  {
    code: 'local-close',
    from: '`ship.close`',
    cause: 'A part has not closed; `cause` is its error.',
    remedy: 'Nothing: the other parts are closed.',
  },
  {
    code: 'lambda-closed',
    from: '`mapping.idle`, `mapping.invoke`, `mapping.update`',
    cause: 'The event source mapping is closed.',
    remedy: 'Make another one by `ship.lambda`.',
  },
  {
    code: 'local-data',
    from: '`launch({ data })`',
    cause: 'The folder, or a file of it, cannot be read or written.',
    remedy: 'Give a folder that this process may write; name another one if a file is broken.',
  },
  {
    code: 'local-data-taken',
    from: '`launch({ data })`',
    cause: 'Another spaceship uses the folder at the moment.',
    remedy: 'Close it, or name another folder.',
  },
  {
    code: 'local-data-foreign',
    from: '`launch({ data })`',
    cause: "The folder holds what is none of a spaceship's. Nothing was changed in it.",
    remedy: 'Name a folder that is empty, not there, or of an earlier launch.',
  },
  {
    code: 'local-data-version',
    from: '`launch({ data })`',
    cause: 'Another version of the package has made the folder. Nothing was changed in it.',
    remedy: 'Launch with that version, or name another folder.',
  },
  {
    code: 'local-data-differs',
    from: '`launch({ data })`',
    cause: 'A table is there with another key or stream than what is asked for; nothing was created.',
    remedy: 'Ask for what is there, delete the table, or name another folder.',
  },
  {
    code: 'lambda-twice',
    from: '`ship.lambda` with `data`',
    cause: 'A mapping of that function on that stream runs already: the two would share a position.',
    remedy: 'Close it first, or give this one another `functionName`.',
  },
  {
    code: 'slack-wait',
    from: '`ship.slack.waitFor`',
    cause: 'No message has passed in time, or the ship was closed.',
    remedy: 'Look at `ship.slack.messages`; give `timeoutMs` if it only takes longer.',
  },
]

export function errorsReference(): string {
  const rows = CODES.map(
    ({ code, from, cause, remedy }) => `| \`${code}\` | ${from} | ${cause} | ${remedy} |`,
  )
  return [
    '# Error codes',
    `Every error of Spaceship has a \`code\` that stays as it is; messages change. Branch on \`codeOf(error)\`, which reads the code of an error from whatever
copy of the package, and never throws. \`cause\` holds the error behind it.`,
    ['| code | from | what it means | what to do |', '|---|---|---|---|', ...rows].join('\n'),
    `The embedded spaceship answers the clients of AWS, OpenSearch and Slack with the errors of those services. The reasons of dead letters stand in
[the list of what can arrive](../../packages/core/README.md#what-can-arrive-and-what-comes-of-it).`,
  ].join('\n\n')
}
