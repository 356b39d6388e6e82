/**
 * What is changed in kinesalite, file by file: its front stands on these. Its version is fixed, and each change says what it expects
 * to find.
 *
 * | what                            | without it                                                                    |
 * |---------------------------------|-------------------------------------------------------------------------------|
 * | streams by name                 | are kept in a list, which has names of its own: `length`, `constructor`       |
 * | nulls in lists and maps         | trip what reads them                                                          |
 * | numbers of another stream       | are answered 500                                                              |
 * | tokens of ListShards            | are taken, although none was ever given, and trip it                          |
 * | the store                       | is made where nobody can reach it                                             |
 * | a stream's mode and record size | are not known; {@link CHANGE} changes them                                    |
 * | `_closedAt` of a shard          | is known to the second only                                                   |
 * | a shard that is closed          | can be split and merged again, and its keys have two owners                   |
 * | a page of records               | has no limit in bytes; what waits behind it is not told (`Waiting`)           |
 * | arrival times                   | are up to a second ahead after a split                                        |
 * | largest body, record, retention | are those of 2018                                                             |
 */

export type Change = readonly [before: string, after: string]

/** Sets `StreamModeDetails` and `MaxRecordSizeInKiB` of a stream. No client can call it: the front refuses the name. */
const CHANGE = `
actions.changeStream = function(store, data, cb) {
  store.metaDb.lock(data.StreamName, function(release) {
    cb = release(cb)
    store.getStream(data.StreamName, function(err, stream) {
      if (err) return cb(err)
      if (data.StreamModeDetails) stream.StreamModeDetails = data.StreamModeDetails
      if (data.MaxRecordSizeInKiB) stream.MaxRecordSizeInKiB = data.MaxRecordSizeInKiB
      store.metaDb.put(data.StreamName, stream, function(err) { cb(err) })
    })
  })
}
actionValidations.changeStream = require('./validations/createStream').changes
validOperations.push('ChangeStream')

`

const SETTINGS = `{
  StreamModeDetails: {
    type: 'Structure',
    children: {StreamMode: {type: 'String', notNull: true, enum: ['ON_DEMAND', 'PROVISIONED']}},
  },
  MaxRecordSizeInKiB: {type: 'Integer', greaterThanOrEqual: 1024, lessThanOrEqual: 10240},
}`

const CREATE_TYPES = `exports.types = Object.assign(${SETTINGS}, {
  Tags: {
    type: 'Map',
    children: {type: 'String'},
    lengthLessThanOrEqual: 50,
    childKeyLengths: [1, 128],
    childValueLengths: [0, 256],
  },`

const CREATE_END = `})
exports.changes = {types: Object.assign(${SETTINGS}, {StreamName: exports.types.StreamName})}
`

const TOKEN = `  if (data.NextToken) {
    return cb(db.clientError('InvalidArgumentException', 'NextToken is invalid: it is not one that ListShards gave.'))
  }
`

/** Of a list or a map; a parameter that is null counts as left out. */
const NULLS = `if (VALUE == null) throw typeError('a member of a list or a map is null'); `

const closedShard = (shard: string) => `if (${shard}.SequenceNumberRange.EndingSequenceNumber != null)
          return cb(db.clientError('InvalidArgumentException',
            'Shard ' + ${shard}.ShardId + ' in stream ' + key + ' under account ' + metaDb.awsAccountId +
            ' has already been merged or split, and thus is not eligible for merging or splitting.'))
`

/** The page ends before the record that would be one too many, or one byte too many. */
const PAGE = `.take((data.Limit || 10000) + 1)
      .takeWhile(function(item) {
        count += 1
        size += Buffer.byteLength(item.value.Data, 'base64') + Buffer.byteLength(item.value.PartitionKey)
        var fits = count == 1 || count <= (data.Limit || 10000) && size <= 10485760
        if (!fits && waiting == null) waiting = item.value.ApproximateArrivalTimestamp
        return fits
      })`

/** What a file loads stands before it. */
export const KINESALITE: Readonly<Record<string, readonly Change[]>> = {
  'db/index.js': [
    ['streamDbs = []', 'streamDbs = Object.create(null)'],
    [': memdown()),', ': (options.store || memdown())),'],
  ],
  'actions/createStream.js': [
    [
      '_tags: Object.create(null),',
      `_tags: data.Tags || Object.create(null),
          StreamModeDetails: data.StreamModeDetails || {StreamMode: 'PROVISIONED'},
          MaxRecordSizeInKiB: data.MaxRecordSizeInKiB || 1024,`,
    ],
  ],
  'actions/listShards.js': [['  // TODO get stream according', `${TOKEN}  // TODO get stream according`]],
  'actions/getShardIterator.js': [['if (seqObj.version === 0) {', 'if (false) {']],
  'actions/getRecords.js': [
    ['keysToDelete = [], lastItem, opts', 'keysToDelete = [], lastItem, opts, count = 0, size = 0, waiting'],
    ['.take(data.Limit || 10000)', PAGE],
    ['MillisBehindLatest: millisBehind,', 'Waiting: waiting,\n          MillisBehindLatest: millisBehind,'],
  ],
  'actions/splitShard.js': [
    [
      'if (hashKey.lte(new BigNumber(shard.HashKeyRange.StartingHashKey)',
      `${closedShard('shard')}\n        if (hashKey.lte(new BigNumber(shard.HashKeyRange.StartingHashKey)`,
    ],
    [
      "stream.StreamStatus = 'ACTIVE'",
      "stream.StreamStatus = 'ACTIVE'\n                shard._closedAt = now",
    ],
  ],
  'actions/mergeShards.js': [
    [
      'if (!new BigNumber(shards[0].HashKeyRange.EndingHashKey)',
      `${closedShard('shards[0]')}\n      ${closedShard('shards[1]')}\n      if (!new BigNumber(shards[0].HashKeyRange.EndingHashKey)`,
    ],
    [
      "stream.StreamStatus = 'ACTIVE'",
      "stream.StreamStatus = 'ACTIVE'\n              shards[0]._closedAt = shards[1]._closedAt = now",
    ],
  ],
  'actions/putRecord.js': [
    ['ApproximateArrivalTimestamp: now / 1000', 'ApproximateArrivalTimestamp: Date.now() / 1000'],
  ],
  'actions/putRecords.js': [
    ['ApproximateArrivalTimestamp: now / 1000', 'ApproximateArrivalTimestamp: Date.now() / 1000'],
  ],
  'validations/createStream.js': [
    ['exports.types = {', CREATE_TYPES],
    ['    lengthLessThanOrEqual: 128,\n  },\n}', `    lengthLessThanOrEqual: 128,\n  },\n${CREATE_END}`],
  ],
  'validations/putRecord.js': [['lengthLessThanOrEqual: 1048576', 'lengthLessThanOrEqual: 10485760']],
  'validations/putRecords.js': [['lengthLessThanOrEqual: 1048576', 'lengthLessThanOrEqual: 10485760']],
  'validations/increaseStreamRetentionPeriod.js': [['lessThanOrEqual: 168', 'lessThanOrEqual: 8760']],
  'validations/decreaseStreamRetentionPeriod.js': [['lessThanOrEqual: 168', 'lessThanOrEqual: 8760']],
  'validations/listTagsForStream.js': [['lessThanOrEqual: 10,', 'lessThanOrEqual: 50,']],
  'validations/index.js': [
    [
      'return val.map(function(child) { ',
      `return val.map(function(child) { ${NULLS.replace('VALUE', 'child')}`,
    ],
    [
      '          newVal[key] = checkType(val[key], type.children)',
      `          ${NULLS.replace('VALUE', 'val[key]')}newVal[key] = checkType(val[key], type.children)`,
    ],
  ],
  'index.js': [
    ['MAX_REQUEST_BYTES = 7 * 1024 * 1024', 'MAX_REQUEST_BYTES = 32 * 1024 * 1024'],
    ['function sendRaw(', `${CHANGE}function sendRaw(`],
  ],
}
