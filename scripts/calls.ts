/**
 * One right call of every public function, with every option that it knows: what a caller without types may get wrong. The
 * arguments come from the shapes that the function itself checks; only what no shape can say stands here. Of what they return,
 * what declares something is called as well; where several stand in one spot, `name (how)`.
 */

import { CONFIG, defineConfig } from '../packages/cli/src/config.ts'
import { bare, callable, type Shape } from '../packages/core/src/shapes.ts'
import { DEAD_LETTERS } from '../packages/handlers/src/dynamodb/dead-letters.ts'
import { ENTITIES } from '../packages/handlers/src/dynamodb/entities.ts'
import {
  createStateTable,
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbReferences,
  dynamodbScanner,
  dynamodbState,
} from '../packages/handlers/src/dynamodb/index.ts'
import { REFERENCES as DYNAMODB_REFERENCES } from '../packages/handlers/src/dynamodb/references.ts'
import { SCANNER } from '../packages/handlers/src/dynamodb/scanner.ts'
import { STATE } from '../packages/handlers/src/dynamodb/state.ts'
import { STATE_TABLE } from '../packages/handlers/src/dynamodb/table.ts'
import { FOLDER } from '../packages/handlers/src/folder/dead-letters.ts'
import { folderDeadLetters } from '../packages/handlers/src/folder/index.ts'
import { CONNECTION } from '../packages/handlers/src/ioredis/connection.ts'
import { ioredisConnection } from '../packages/handlers/src/ioredis/index.ts'
import { kinesisSink, publisher } from '../packages/handlers/src/kinesis/index.ts'
import { PUBLISHER } from '../packages/handlers/src/kinesis/publisher.ts'
import { SINK } from '../packages/handlers/src/kinesis/sink.ts'
import { memcachedReferences } from '../packages/handlers/src/memcached/index.ts'
import { REFERENCES as MEMCACHED_REFERENCES } from '../packages/handlers/src/memcached/references.ts'
import { INDEX, KEEPER, PURGE, REMOVE } from '../packages/handlers/src/opensearch/handlers.ts'
import { createRebuild, createSearch, searchIndex } from '../packages/handlers/src/opensearch/index.ts'
import { SEARCH } from '../packages/handlers/src/opensearch/opensearch.ts'
import { REBUILD } from '../packages/handlers/src/opensearch/rebuild.ts'
import { SEARCH_INDEX } from '../packages/handlers/src/opensearch/search-index.ts'
import { awsSigning } from '../packages/handlers/src/opensearch-aws/index.ts'
import { SIGNING } from '../packages/handlers/src/opensearch-aws/signing.ts'
import { redisReferences, redisState, redisTimeline } from '../packages/handlers/src/redis/index.ts'
import { REFERENCES } from '../packages/handlers/src/redis/references.ts'
import { STATE as REDIS_STATE } from '../packages/handlers/src/redis/state.ts'
import { TIMELINE } from '../packages/handlers/src/redis/timeline.ts'
import { S3_ARCHIVE } from '../packages/handlers/src/s3/archive.ts'
import { S3_DEAD_LETTERS } from '../packages/handlers/src/s3/dead-letters.ts'
import { s3Archive, s3DeadLetters } from '../packages/handlers/src/s3/index.ts'
import { SCHEDULE_GROUP } from '../packages/handlers/src/scheduler/group.ts'
import {
  eventBridgeScheduler,
  scheduleGroup,
  tickSchedules,
} from '../packages/handlers/src/scheduler/index.ts'
import { SCHEDULER } from '../packages/handlers/src/scheduler/scheduler.ts'
import { TICK_SCHEDULES } from '../packages/handlers/src/scheduler/ticks.ts'
import { createSlack, mrkdwn, slackWith } from '../packages/handlers/src/slack/index.ts'
import { NOTIFY, POST, UPDATE } from '../packages/handlers/src/slack/notify.ts'
import { SLACK } from '../packages/handlers/src/slack/slack.ts'
import { snsPublisher, snsSink } from '../packages/handlers/src/sns/index.ts'
import { SNS_PUBLISHER } from '../packages/handlers/src/sns/publisher.ts'
import { SNS_SINK } from '../packages/handlers/src/sns/sink.ts'
import { SQS_DEAD_LETTERS } from '../packages/handlers/src/sqs/dead-letters.ts'
import { sqsDeadLetters, sqsPublisher, sqsSink } from '../packages/handlers/src/sqs/index.ts'
import { SQS_PUBLISHER } from '../packages/handlers/src/sqs/publisher.ts'
import { SQS_SINK } from '../packages/handlers/src/sqs/sink.ts'
import {
  reminderCallerPolicy,
  reminderMachine,
  reminderMachinePolicy,
  stepFunctions,
} from '../packages/handlers/src/step-functions/index.ts'
import { MACHINE } from '../packages/handlers/src/step-functions/machine.ts'
import { CALLER_POLICY, MACHINE_POLICY } from '../packages/handlers/src/step-functions/policy.ts'
import { STEP_FUNCTIONS } from '../packages/handlers/src/step-functions/scheduler.ts'
import { memorySearch, memorySlack } from '../packages/handlers/src/testing/index.ts'
import { MEMORY_SEARCH } from '../packages/handlers/src/testing/search.ts'
import { MEMORY_SLACK } from '../packages/handlers/src/testing/slack.ts'
import { watch } from '../packages/handlers/src/watch/index.ts'
import { WATCH } from '../packages/handlers/src/watch/watch.ts'
import { LAUNCH } from '../packages/local/src/configuration.ts'
import { DELAY, DUPLICATE, LIMITS, REORDER, THROTTLE } from '../packages/local/src/faults/faults.ts'
import { faultSource } from '../packages/local/src/faults/index.ts'
import { createEmulators, launch } from '../packages/local/src/index.ts'
import { startLambda } from '../packages/local/src/lambda/index.ts'
import { MAPPING } from '../packages/local/src/lambda/options.ts'
import { worker } from '../packages/runtime-k8s/src/index.ts'
import { WORKER } from '../packages/runtime-k8s/src/options.ts'
import { FLEET } from '../packages/runtime-k8s/src/testing/fleet.ts'
import { type Saving, simulateFleet } from '../packages/runtime-k8s/src/testing/index.ts'
import { lambda } from '../packages/runtime-lambda/src/index.ts'
import { LAMBDA } from '../packages/runtime-lambda/src/lambda.ts'
import { coreCalls } from './core-calls.ts'
import { allOf, Client, existing, made, telling } from './fitting.ts'
import { type Call, engineOptions, fieldsOf, reactors, right } from './right.ts'

const { faults } = faultSource(1)
const REACTORS = { reactors }
const LAMBDA_REACTORS = {
  reactors: { ...reactors, fits: (given: unknown) => reactors.fits(given) || callable.fits(given) },
}

const optional = (shape: Shape = callable): Shape => ({ ...shape, required: false })

/** It has a stream or a function. */
const ONE_TARGET = { instead: { options: { target: { stream: 'ingress' } } } }

/** A scenario in which one row is saved. */
const oneSaved = ({ put }: Saving) => {
  put(Client, { id: 'a' } as never)
  return { reactors: () => [] }
}

export const calls: Readonly<Record<string, Call>> = {
  ...coreCalls,
  'handlers/slack createSlack': right(createSlack, SLACK, { instead: { options: { webhooks: undefined } } }),
  'handlers/slack createSlack (webhooks)': right(createSlack, SLACK, {
    instead: { options: { webhooks: { '#a': 'https://hooks.slack.com/a' }, token: undefined } },
    accepts: { 'options.webhooks.#a': ['function'] },
  }),
  'handlers/folder folderDeadLetters': right(folderDeadLetters, FOLDER),
  'handlers/s3 s3DeadLetters': right(s3DeadLetters, S3_DEAD_LETTERS),
  'handlers/s3 s3Archive': right(s3Archive, S3_ARCHIVE),
  'handlers/slack slackWith': right(slackWith, POST),
  'handlers/slack slackWith (notify)': right(slackWith({ post: async () => undefined }).notify, NOTIFY, {
    accepts: { 'options.channel': ['function'] },
  }),
  'handlers/opensearch createSearch': right(createSearch, SEARCH),
  'handlers/opensearch-aws awsSigning': right(awsSigning, SIGNING),
  'handlers/opensearch searchIndex': right(searchIndex, SEARCH_INDEX, { instead: { of: telling } }),
  'handlers/opensearch createSearch (index)': right(memorySearch().index, INDEX),
  'handlers/opensearch createSearch (remove)': right(memorySearch().remove, REMOVE),
  'handlers/opensearch createSearch (purge)': right(memorySearch().purge, PURGE),
  'handlers/opensearch createSearch (keeper)': right(memorySearch().keeper, KEEPER),
  'handlers/opensearch createRebuild': right(createRebuild, REBUILD),
  'runtime-k8s/testing simulateFleet': right(simulateFleet, FLEET, {
    instead: { options: { scenario: oneSaved, seeds: 1, workers: 1, shards: 1 } },
  }),
  'handlers/testing memorySearch': right(memorySearch, MEMORY_SEARCH),
  'handlers/slack mrkdwn': right(() => mrkdwn`*${5}*`),
  'handlers/slack createSlack (update)': right(memorySlack().update, UPDATE, {
    accepts: { 'options.channel': ['function'] },
  }),
  'handlers/testing memorySlack': right(memorySlack, MEMORY_SLACK),
  'handlers/dynamodb createStateTable': right(createStateTable, STATE_TABLE, {
    instead: { options: { client: existing } },
  }),
  'handlers/dynamodb dynamodbDeadLetters': right(dynamodbDeadLetters, DEAD_LETTERS),
  'handlers/dynamodb dynamodbEntities': right(dynamodbEntities, ENTITIES),
  'handlers/dynamodb dynamodbScanner': right(dynamodbScanner, SCANNER),
  'handlers/dynamodb dynamodbReferences': right(dynamodbReferences, DYNAMODB_REFERENCES),
  'handlers/dynamodb dynamodbState': right(dynamodbState, STATE),
  'handlers/kinesis kinesisSink': right(kinesisSink, SINK),
  'handlers/kinesis publisher': right(publisher, PUBLISHER),
  'handlers/sqs sqsSink': right(sqsSink, SQS_SINK),
  'handlers/sqs sqsPublisher': right(sqsPublisher, SQS_PUBLISHER),
  'handlers/sqs sqsDeadLetters': right(sqsDeadLetters, SQS_DEAD_LETTERS),
  'handlers/sns snsSink': right(snsSink, SNS_SINK),
  'handlers/sns snsPublisher': right(snsPublisher, SNS_PUBLISHER),
  'handlers/scheduler eventBridgeScheduler': right(eventBridgeScheduler, SCHEDULER),
  'handlers/scheduler scheduleGroup': right(scheduleGroup, SCHEDULE_GROUP),
  'handlers/scheduler tickSchedules': right(tickSchedules, TICK_SCHEDULES, { instead: { reactor: made } }),
  'handlers/step-functions reminderMachine': right(reminderMachine, MACHINE, ONE_TARGET),
  'handlers/step-functions reminderMachinePolicy': right(reminderMachinePolicy, MACHINE_POLICY, ONE_TARGET),
  'handlers/step-functions reminderCallerPolicy': right(reminderCallerPolicy, CALLER_POLICY),
  'handlers/step-functions stepFunctions': right(stepFunctions, STEP_FUNCTIONS),
  'handlers/watch watch': right(watch, WATCH, { instead: { options: { when: undefined } } }),
  'handlers/watch watch (when)': right(watch, WATCH, { instead: { options: { above: undefined } } }),
  'handlers/redis redisReferences': right(redisReferences, REFERENCES),
  'handlers/redis redisState': right(redisState, REDIS_STATE),
  'handlers/redis redisTimeline': right(redisTimeline, TIMELINE),
  'handlers/ioredis ioredisConnection': right(ioredisConnection, CONNECTION, {
    instead: { options: { url: 'redis://127.0.0.1:6379', nodes: undefined } },
  }),
  'handlers/ioredis ioredisConnection (nodes)': right(ioredisConnection, CONNECTION, {
    instead: { options: { url: undefined, nodes: ['redis://127.0.0.1:6379'] } },
  }),
  'handlers/memcached memcachedReferences': right(memcachedReferences, MEMCACHED_REFERENCES, {
    instead: { options: { discovery: undefined } },
  }),
  'handlers/memcached memcachedReferences (discovery)': right(memcachedReferences, MEMCACHED_REFERENCES, {
    instead: { options: { nodes: undefined } },
  }),
  'runtime-lambda lambda': right(
    lambda,
    { ...LAMBDA_REACTORS, options: bare({ ...engineOptions, ...fieldsOf(LAMBDA.options) }) },
    { accepts: { reactors: ['function'] } },
  ),
  'runtime-k8s worker': right(
    worker,
    {
      ...REACTORS,
      // The worker has a table for it.
      options: bare({
        ...engineOptions,
        ...fieldsOf(WORKER.options),
        state: optional(engineOptions.state),
      }),
    },
    {
      instead: { options: { streams: ['a', { stream: 'b', start: 'LATEST' }] } },
      accepts: { 'options.streams.1': ['text'], 'options.streams.0': ['object'] },
    },
  ),
  'cli defineConfig': right(defineConfig, CONFIG),
  'local createEmulators': right(createEmulators),
  'local launch': right(launch, LAUNCH, {
    // Names that cannot be, so that nothing is started whichever spot is replaced.
    instead: {
      options: {
        tables: [
          { ...Object(allOf(fieldsOf(LAUNCH.options)).tables)[0], types: { id: 'S' } },
          { name: '!', key: 'id' },
        ],
        streams: ['s', { name: '!', shards: 1 }],
      },
    },
    rightly: 'refused',
  }),
  'local launch (lambda)': right(startLambda, MAPPING, {
    // Two that cannot be, so that nothing is started whichever spot is replaced.
    instead: { options: { handler: '/nowhere/index.mjs', batchSize: 0, environment: { A: 'b' } } },
    rightly: 'refused',
  }),
  'local launch (faults.duplicate)': right(faults.duplicate, DUPLICATE),
  'local launch (faults.reorder)': right(faults.reorder, REORDER),
  'local launch (faults.delay)': right(faults.delay, DELAY),
  'local launch (faults.throttle)': right(faults.throttle, THROTTLE),
  'local launch (faults.limits)': right(faults.limits, LIMITS),
}
