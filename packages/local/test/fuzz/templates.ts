/** Owns the calls that are right: at least one for each operation of each endpoint. */

import type { Expression } from './expressions.ts'

/** Makes an expression of the kind. */
type Compose = (start: Expression) => string

export type Endpoint = 'dynamodb' | 'kinesis' | 'search' | 'slack' | 'scheduler' | 'stepFunctions' | 'runtime'

export interface Template {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: undefined | object | string | ((expression: Compose) => object)
}

/** At least one. */
export type Templates = readonly [Template, ...Template[]]

const TABLE = 'clients'
const Key = { id: { S: 'c-1' } }
const Item = {
  ...Key,
  v: { N: '1' },
  m: { M: { x: { L: [{ BOOL: true }, { NULL: true }] } } },
  s: { SS: ['a', 'b'] },
  b: { B: 'eA==' },
}
const STREAM = 'clients-cdc'
const SHARD = 'shardId-000000000000'
const StreamArn = `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`
const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TABLE}`
const ITERATOR =
  'AAAAAAAAAAGycK5oWWZpPPFLrDsMSKOYbDRRDMDwBwFIdCxv+Uz9hIPHzrjtOlTrwqHhRD0NRtKpQQrwNMVUTAXm3nBBFpSb'

const dynamodb = (operation: string, body: Template['body']): Template => ({
  headers: { 'x-amz-target': `DynamoDB_20120810.${operation}`, 'content-type': 'application/x-amz-json-1.0' },
  body,
})
const expressed = { ExpressionAttributeNames: { '#n': 'n' }, ExpressionAttributeValues: { ':a': { N: '1' } } }
const write = (operation: string, rest: object): Template[] => [
  dynamodb(operation, {
    TableName: TABLE,
    ...rest,
    ReturnValues: 'ALL_OLD',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }),
  dynamodb(operation, (expression: Compose) => ({
    TableName: TABLE,
    ...rest,
    ConditionExpression: expression('condition'),
    ...expressed,
  })),
  dynamodb(operation, {
    TableName: TABLE,
    ...rest,
    Expected: { v: { ComparisonOperator: 'EQ', AttributeValueList: [{ N: '1' }] } },
    ConditionalOperator: 'AND',
  }),
]

const DYNAMODB: Templates = [
  dynamodb('DescribeTable', { TableName: TABLE }),
  ...write('PutItem', { Item }),
  ...write('DeleteItem', { Key }),
  ...write('UpdateItem', { Key, AttributeUpdates: { v: { Action: 'ADD', Value: { N: '1' } } } }),
  dynamodb('UpdateItem', (expression: Compose) => ({
    TableName: TABLE,
    Key,
    UpdateExpression: expression('update'),
    ConditionExpression: expression('condition'),
    ...expressed,
    ReturnValues: 'ALL_NEW',
  })),
  dynamodb('GetItem', {
    TableName: TABLE,
    Key,
    ConsistentRead: true,
    AttributesToGet: ['v'],
    ReturnConsumedCapacity: 'TOTAL',
  }),
  dynamodb('GetItem', (expression: Compose) => ({
    TableName: TABLE,
    Key,
    ProjectionExpression: expression('projection'),
    ExpressionAttributeNames: { '#n': 'n' },
  })),
  dynamodb('Query', (expression: Compose) => ({
    TableName: TABLE,
    KeyConditionExpression: 'id = :a',
    FilterExpression: expression('condition'),
    ExpressionAttributeValues: { ':a': { S: 'c-1' } },
  })),
  dynamodb('Query', {
    TableName: 'orders',
    KeyConditions: {
      pk: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'a' }] },
      sk: { ComparisonOperator: 'GT', AttributeValueList: [{ N: '1' }] },
    },
    Limit: 2,
    ScanIndexForward: false,
    ExclusiveStartKey: { pk: { S: 'a' }, sk: { N: '1' } },
  }),
  dynamodb('Scan', (expression: Compose) => ({
    TableName: TABLE,
    FilterExpression: expression('condition'),
    ProjectionExpression: expression('projection'),
    ...expressed,
    Segment: 0,
    TotalSegments: 2,
  })),
  dynamodb('Scan', {
    TableName: 'orders',
    ScanFilter: { v: { ComparisonOperator: 'NOT_NULL' } },
    ExclusiveStartKey: { pk: { S: 'a' }, sk: { N: '1' } },
    Limit: 1,
  }),
  dynamodb('BatchGetItem', {
    RequestItems: {
      [TABLE]: {
        Keys: [Key, { id: { S: 'c-2' } }],
        ProjectionExpression: 'v, #n',
        ExpressionAttributeNames: { '#n': 'n' },
      },
    },
  }),
  dynamodb('BatchWriteItem', {
    RequestItems: { [TABLE]: [{ PutRequest: { Item } }, { DeleteRequest: { Key: { id: { S: 'c-2' } } } }] },
  }),
  dynamodb('TransactWriteItems', {
    TransactItems: [
      { Put: { TableName: TABLE, Item, ConditionExpression: 'attribute_exists(id)' } },
      { Delete: { TableName: 'orders', Key: { pk: { S: 'a' }, sk: { N: '1' } } } },
      {
        ConditionCheck: {
          TableName: TABLE,
          Key: { id: { S: 'c-3' } },
          ConditionExpression: 'attribute_not_exists(id)',
        },
      },
      {
        Update: {
          TableName: TABLE,
          Key: { id: { S: 'c-2' } },
          UpdateExpression: 'SET v = :a',
          ExpressionAttributeValues: { ':a': { N: '1' } },
        },
      },
    ],
    ClientRequestToken: 't-1',
  }),
  dynamodb('TransactGetItems', {
    TransactItems: [
      { Get: { TableName: TABLE, Key } },
      { Get: { TableName: 'orders', Key: { pk: { S: 'a' }, sk: { N: '1' } } } },
    ],
  }),
  dynamodb('ExecuteStatement', {
    Statement: `INSERT INTO "${TABLE}" VALUE {'id': ?, 'v': ?}`,
    Parameters: [{ S: 'c-9' }, { N: '1' }],
  }),
  dynamodb('BatchExecuteStatement', {
    Statements: [
      {
        Statement: `UPDATE "${TABLE}" SET "v" = ? REMOVE "x" WHERE "id" = ? AND ("v" IS MISSING OR "v" > ?)`,
        Parameters: [{ N: '2' }, { S: 'c-1' }, { N: '1' }],
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
      { Statement: `INSERT INTO "${TABLE}" VALUE {'id': ?}`, Parameters: [{ S: 'c-10' }] },
    ],
  }),
  dynamodb('CreateTable', {
    TableName: 'fuzzed',
    AttributeDefinitions: [
      { AttributeName: 'id', AttributeType: 'S' },
      { AttributeName: 'g', AttributeType: 'N' },
    ],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-g',
        KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  }),
  dynamodb('UpdateTable', {
    TableName: 'fuzzed',
    ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 2 },
  }),
  dynamodb('DeleteTable', { TableName: 'fuzzed' }),
  dynamodb('ListTables', { Limit: 1, ExclusiveStartTableName: 'a' }),
  dynamodb('TagResource', { ResourceArn, Tags: [{ Key: 'a', Value: 'b' }] }),
  dynamodb('UntagResource', { ResourceArn, TagKeys: ['a'] }),
  dynamodb('ListTagsOfResource', { ResourceArn }),
  dynamodb('UpdateTimeToLive', {
    TableName: TABLE,
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' },
  }),
  dynamodb('DescribeTimeToLive', { TableName: TABLE }),
  ...['Enable', 'Disable', 'Update'].map((verb) =>
    dynamodb(`${verb}KinesisStreamingDestination`, {
      TableName: 'orders',
      StreamArn,
      [`${verb}KinesisStreamingConfiguration`]: { ApproximateCreationDateTimePrecision: 'MICROSECOND' },
    }),
  ),
  dynamodb('DescribeKinesisStreamingDestination', { TableName: TABLE }),
  dynamodb('RestoreTableFromBackup', { TargetTableName: TABLE }),
]

const kinesis = (operation: string, body: object): Template => ({
  headers: { 'x-amz-target': `Kinesis_20131202.${operation}`, 'content-type': 'application/x-amz-json-1.1' },
  body,
})
const S = { StreamName: STREAM }
const KINESIS: Templates = [
  kinesis('ListShards', {
    ...S,
    MaxResults: 1,
    ExclusiveStartShardId: SHARD,
    ShardFilter: { Type: 'AT_LATEST' },
  }),
  kinesis('ListShards', { NextToken: 'x' }),
  kinesis('ListShards', {
    StreamARN: StreamArn,
    StreamCreationTimestamp: 1_700_000_000,
    ShardFilter: { Type: 'FROM_TIMESTAMP', Timestamp: 1_700_000_000 },
  }),
  kinesis('ListShards', { ...S, ShardFilter: { Type: 'AFTER_SHARD_ID', ShardId: SHARD } }),
  kinesis('UpdateShardCount', {
    StreamName: 'fuzzed',
    TargetShardCount: 3,
    ScalingType: 'UNIFORM_SCALING',
  }),
  kinesis('UpdateStreamMode', {
    StreamARN: StreamArn.replace(STREAM, 'fuzzed'),
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
  }),
  kinesis('UpdateMaxRecordSize', { StreamARN: StreamArn, MaxRecordSizeInKiB: 2_048 }),
  kinesis('TagResource', { ResourceARN: StreamArn, Tags: { a: 'b' } }),
  kinesis('UntagResource', { ResourceARN: StreamArn, TagKeys: ['a'] }),
  kinesis('ListTagsForResource', { ResourceARN: StreamArn }),
  kinesis('ListStreams', { Limit: 1, NextToken: 'x' }),
  kinesis('PutRecord', { ...S, Data: 'eA==', PartitionKey: 'a', ExplicitHashKey: '5' }),
  kinesis('PutRecord', {
    StreamARN: StreamArn,
    Data: 'eA==',
    PartitionKey: 'a',
    SequenceNumberForOrdering: '1',
  }),
  kinesis('PutRecords', {
    ...S,
    Records: [
      { Data: 'eA==', PartitionKey: 'a' },
      { Data: 'eA==', PartitionKey: 'b', ExplicitHashKey: '5' },
    ],
  }),
  ...['LATEST', 'TRIM_HORIZON', 'AT_TIMESTAMP', 'AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER'].map((type) =>
    kinesis('GetShardIterator', {
      ...S,
      ShardId: SHARD,
      ShardIteratorType: type,
      ...(type === 'AT_TIMESTAMP' && { Timestamp: 1_700_000_000 }),
      ...(type.includes('SEQUENCE') && {
        StartingSequenceNumber: '49545115243490985018280067714973144582180062593244200961',
      }),
    }),
  ),
  kinesis('GetRecords', { ShardIterator: ITERATOR, Limit: 2 }),
  kinesis('DescribeStream', { ...S, Limit: 1, ExclusiveStartShardId: SHARD }),
  kinesis('DescribeStreamSummary', S),
  kinesis('CreateStream', { StreamName: 'fuzzed', ShardCount: 2 }),
  kinesis('CreateStream', {
    StreamName: 'fuzzed',
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    MaxRecordSizeInKiB: 1_024,
    Tags: { a: 'b' },
  }),
  kinesis('DeleteStream', { StreamName: 'fuzzed', EnforceConsumerDeletion: true }),
  kinesis('ListStreams', { Limit: 1, ExclusiveStartStreamName: 'a' }),
  kinesis('SplitShard', { StreamName: 'fuzzed', ShardToSplit: SHARD, NewStartingHashKey: '1000' }),
  kinesis('MergeShards', {
    StreamName: 'fuzzed',
    ShardToMerge: SHARD,
    AdjacentShardToMerge: 'shardId-000000000001',
  }),
  kinesis('AddTagsToStream', { ...S, Tags: { a: 'b' } }),
  kinesis('ListTagsForStream', { ...S, Limit: 1, ExclusiveStartTagKey: 'a' }),
  kinesis('RemoveTagsFromStream', { ...S, TagKeys: ['a'] }),
  kinesis('IncreaseStreamRetentionPeriod', { ...S, RetentionPeriodHours: 48 }),
  kinesis('DecreaseStreamRetentionPeriod', { ...S, RetentionPeriodHours: 24 }),
  kinesis('UpdateShardCount', { ...S, TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' }),
]

const schedule = {
  ScheduleExpression: 'rate(5 minutes)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  StartDate: 1_790_000_000,
  EndDate: 1_990_000_000,
  ScheduleExpressionTimezone: 'Europe/Berlin',
  State: 'ENABLED',
  ActionAfterCompletion: 'NONE',
  Target: { Arn: StreamArn, RoleArn: 'r', Input: 'i', KinesisParameters: { PartitionKey: 'p' } },
}
const scheduler = (method: string, path: string, body?: object | string): Template => ({
  method,
  path,
  headers: { 'content-type': 'application/json' },
  body,
})
const SCHEDULER: Templates = [
  scheduler('POST', '/schedules/a', schedule),
  scheduler('POST', '/schedules/b', {
    ...schedule,
    ScheduleExpression: 'cron(0 9 ? * MON-FRI *)',
    State: 'DISABLED',
  }),
  scheduler('PUT', '/schedules/a', { ...schedule, ScheduleExpression: 'at(2030-01-01T00:00:00)' }),
  scheduler('PUT', '/schedules/b', { ...schedule, ScheduleExpression: 'cron(0/7 1-5,9 LW 2 ? 2027/4)' }),
  scheduler('GET', '/schedules/a'),
  scheduler('GET', '/schedules?MaxResults=1&NamePrefix=a&State=ENABLED&NextToken=a'),
  scheduler('DELETE', '/schedules/a?clientToken=t'),
]

const search = (
  method: string,
  path: string,
  body?: object | string,
  type = 'application/json',
): Template => ({ method, path, headers: { 'content-type': type }, body })
const QUERY = {
  bool: {
    must: [{ match: { name: { query: 'acme', operator: 'and' } } }],
    filter: [{ range: { at: { gte: 'now-1d', lt: '2026-11-28' } } }, { term: { 'name.keyword': 'Acme' } }],
    should: [{ prefix: { name: 'a' } }, { ids: { values: ['1'] } }],
    must_not: { exists: { field: 'x' } },
    minimum_should_match: 1,
  },
}
const SEARCH: Templates = [
  search('PUT', '/clients/_doc/1?version=7&version_type=external_gte', {
    name: 'Acme',
    at: '2026-11-20T10:00:00Z',
    n: 5,
    tags: ['a', 'b'],
    o: { p: true },
  }),
  search('POST', '/clients/_doc', { name: 'x' }),
  search('PUT', '/clients/_create/2', { name: 'x' }),
  search('POST', '/clients/_update/1', { doc: { n: 6 }, doc_as_upsert: true }),
  search('DELETE', '/clients/_doc/1?version=9&version_type=external'),
  search('GET', '/clients/_doc/1?_source=name'),
  search(
    'POST',
    '/_bulk',
    '{"index":{"_index":"clients","_id":"3"}}\n{"name":"b"}\n{"delete":{"_index":"clients","_id":"3"}}\n{"update":{"_index":"clients","_id":"1"}}\n{"doc":{"n":1}}\n',
    'application/x-ndjson',
  ),
  search('POST', '/clients/_search', {
    query: QUERY,
    size: 3,
    from: 1,
    sort: [{ at: { order: 'desc' } }, '_score'],
    _source: ['name'],
    track_total_hits: true,
  }),
  search('POST', '/c*l*,x/_count', { query: { multi_match: { query: 'acme', fields: ['name', 'o.p'] } } }),
  search('POST', '/clients/_delete_by_query', { query: { terms: { n: [5, 6] } } }),
  search('PUT', '/other', {
    mappings: {
      properties: {
        name: { type: 'text', fields: { raw: { type: 'keyword', ignore_above: 5 } } },
        f: { type: 'flat_object' },
        d: { type: 'date' },
      },
      dynamic: 'strict',
    },
    settings: { number_of_shards: 1 },
  }),
  search('PUT', '/other/_mapping', { properties: { z: { type: 'long' } } }),
  search('PUT', '/other/_settings', { index: { gc_deletes: '1m' } }),
  search('GET', '/clients/_mapping'),
  search('GET', '/_search?size=1&sort=at:desc&_source=false'),
  search('POST', '/_refresh'),
  search('DELETE', '/other'),
  search('HEAD', '/clients'),
  search('GET', '/_cluster/health'),
]

const slack = (path: string, body: object | string, type = 'application/json'): Template => ({
  path,
  headers: { 'content-type': type, authorization: 'Bearer xoxb-1' },
  body,
})
const SLACK: Templates = [
  slack('/api/chat.postMessage', {
    channel: '#a',
    text: 'hi <!channel>',
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x' } }],
    thread_ts: '1.1',
    metadata: { event_type: 'x', event_payload: {} },
  }),
  slack('/api/chat.postMessage', 'channel=%23a&text=hi&blocks=%5B%5D', 'application/x-www-form-urlencoded'),
  slack('/api/conversations.history', {
    channel: '#a',
    limit: 2,
    oldest: '0',
    latest: '9999999999.0',
    inclusive: true,
    cursor: 'eA==',
  }),
  slack('/api/conversations.history', 'channel=%23a&limit=2', 'application/x-www-form-urlencoded'),
  slack('/api/auth.test', {}),
  slack('/services/T00000000/B00000000/%23a', { text: 'hi', attachments: [{ text: 'x' }] }),
  slack(
    '/services/T00000000/B00000000/%23a',
    'payload=%7B%22text%22%3A%22x%22%7D',
    'application/x-www-form-urlencoded',
  ),
]

const runtime = (path: string, body: object): Template => ({ path: `/2018-06-01/runtime/${path}`, body })
const RUNTIME: Templates = [
  runtime('init/error', { errorType: 'Error', errorMessage: 'x', trace: [] }),
  runtime('invocation/r-1/response', { batchItemFailures: [{ itemIdentifier: '1' }] }),
  runtime('invocation/r-1/error', { errorType: 'Error', errorMessage: 'x' }),
]

const machine = {
  StartAt: 'A',
  States: {
    A: { Type: 'Wait', TimestampPath: '$.at', Next: 'B' },
    B: {
      Type: 'Task',
      Resource: 'arn:aws:states:::aws-sdk:kinesis:putRecord',
      Parameters: { StreamName: 's', 'PartitionKey.$': '$.k', 'Data.$': '$' },
      Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 1 }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'C' }],
      End: true,
    },
    C: { Type: 'Choice', Choices: [{ Variable: '$.k', IsPresent: true, Next: 'D' }], Default: 'D' },
    D: {
      Type: 'Map',
      ItemsPath: '$.l',
      Iterator: { StartAt: 'E', States: { E: { Type: 'Pass', End: true } } },
      End: true,
    },
  },
}
const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:m'
const executionArn = 'arn:aws:states:us-east-1:000000000000:execution:m:e'
const states = (operation: string, body: object): Template => ({
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AWSStepFunctions.${operation}` },
  body,
})
const input = JSON.stringify({ at: '2026-01-01T00:00:00Z', k: 'p', l: [1, 2] })
const definition = JSON.stringify(machine)
const STEP_FUNCTIONS: Templates = [
  states('CreateStateMachine', { name: 'm', definition, roleArn: 'r', type: 'STANDARD' }),
  states('CreateStateMachine', {
    name: 'n',
    definition: '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}',
    roleArn: 'r',
  }),
  states('UpdateStateMachine', { stateMachineArn, definition, roleArn: 'q' }),
  states('DescribeStateMachine', { stateMachineArn }),
  states('ListStateMachines', { maxResults: 1, nextToken: 'a' }),
  states('DeleteStateMachine', { stateMachineArn }),
  states('StartExecution', { stateMachineArn, name: 'e', input }),
  states('StopExecution', { executionArn, error: 'e', cause: 'c' }),
  states('DescribeExecution', { executionArn }),
  states('ListExecutions', { stateMachineArn, statusFilter: 'RUNNING', maxResults: 1, nextToken: 'a' }),
]

export const TEMPLATES: Readonly<Record<Endpoint, Templates>> = {
  dynamodb: DYNAMODB,
  kinesis: KINESIS,
  scheduler: SCHEDULER,
  stepFunctions: STEP_FUNCTIONS,
  search: SEARCH,
  slack: SLACK,
  runtime: RUNTIME,
}
