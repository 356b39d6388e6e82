/**
 * Owns the Lua of the state store. Each script sees an item as the server's clock does: expired items go by themselves (PEXPIREAT), and one
 * that stayed all the same, as after a restore, is absent.
 */

const PRESENT = `
local function present(key)
  local item = redis.call('HMGET', key, 'version', 'expiresAt')
  if not item[1] then return false end
  if item[2] then
    local time = redis.call('TIME')
    if tonumber(item[2]) <= time[1] * 1000 + time[2] / 1000 then return false end
  end
  return item[1]
end
`

/** KEYS: the item. Answers with version and value. */
export const GET = `${PRESENT}
local version = present(KEYS[1])
if not version then return {} end
return {version, redis.call('HGET', KEYS[1], 'value')}
`

/**
 * KEYS: the item, and of a listed one the index. ARGV: '' or '=' and the version that must be there, the new version, the value, '' or
 * when it expires, the member. A write that a client sent twice is done when the second one comes.
 */
export const SET = `${PRESENT}
local version = present(KEYS[1])
if version == ARGV[2] then return 'OK' end
if version and '=' .. version ~= ARGV[1] then return {version, redis.call('HGET', KEYS[1], 'value')} end
if not version and ARGV[1] ~= '' then return {} end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'value', ARGV[3])
if KEYS[2] then redis.call('ZADD', KEYS[2], 0, ARGV[5]) end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'expiresAt', ARGV[4])
  redis.call('PEXPIREAT', KEYS[1], ARGV[4])
end
return 'OK'
`

/** KEYS as for a set. ARGV: the version that must be there, the member. */
export const DELETE = `${PRESENT}
if present(KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[2]) end
return 1
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
