/**
 * Owns the Lua of the state store. Each script sees an item as the server's clock does: expired items go by themselves (PEXPIREAT), and one
 * that stayed all the same, as after a restore, is absent: no process's clock plays a part. GET, SET and DELETE answer with the server's time
 * first, seconds and microseconds, because leases stand in the items' values and are compared by the processes: by this time.
 */

const PRESENT = `
local time = redis.call('TIME')
local function present(key)
  local item = redis.call('HMGET', key, 'version', 'expiresAt')
  if not item[1] then return false end
  if item[2] and tonumber(item[2]) <= time[1] * 1000 + time[2] / 1000 then return false end
  return item[1]
end
`

/** KEYS: the item. Answers with the time, version and value. */
export const GET = `${PRESENT}
local version = present(KEYS[1])
if not version then return time end
return {time[1], time[2], version, redis.call('HGET', KEYS[1], 'value')}
`

/**
 * KEYS: the item, and of a listed one the index. ARGV: '' or '=' and the version that must be there, the new version, the value, '' or
 * when it expires, the member. Answers with the time, and 'OK', or what is there. A write that a client sent twice is done when the second one comes.
 */
export const SET = `${PRESENT}
local version = present(KEYS[1])
if version == ARGV[2] then return {time[1], time[2], 'OK'} end
if version and '=' .. version ~= ARGV[1] then
  return {time[1], time[2], version, redis.call('HGET', KEYS[1], 'value')}
end
if not version and ARGV[1] ~= '' then return time end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'value', ARGV[3])
if KEYS[2] then redis.call('ZADD', KEYS[2], 0, ARGV[5]) end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'expiresAt', ARGV[4])
  redis.call('PEXPIREAT', KEYS[1], ARGV[4])
end
return {time[1], time[2], 'OK'}
`

/** KEYS as for a set. ARGV: the version that must be there, the member. Answers with the time, and 1 if it is gone. */
export const DELETE = `${PRESENT}
if present(KEYS[1]) ~= ARGV[1] then return time end
redis.call('DEL', KEYS[1])
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[2]) end
return {time[1], time[2], 1}
`

/** KEYS: the index. ARGV: the first member, how members begin, how many. No byte of UTF-8 is 255. */
export const MEMBERS = `
return redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '(' .. ARGV[2] .. string.char(255), 'LIMIT', 0, ARGV[3])
`

/** KEYS: the index, items. ARGV: how many bytes, the items' members. Members whose items have gone leave the index. */
export const LIST = `${PRESENT}
local page, size = {}, 0
for n = 2, #KEYS do
  local version = present(KEYS[n])
  if version then
    local value = redis.call('HGET', KEYS[n], 'value')
    size = size + #value + #KEYS[n]
    if n > 2 and size > tonumber(ARGV[1]) then break end
    page[n - 1] = {version, value}
  else
    redis.call('ZREM', KEYS[1], ARGV[n])
    page[n - 1] = {}
  end
end
return page
`
