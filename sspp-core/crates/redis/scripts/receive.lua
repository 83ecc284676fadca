#!lua flags=allow-oom
-- Moves what is due back into the stream, then takes up to ARGV[2] entries of at most about ARGV[3] bytes.
-- KEYS: stream, delayed, parked, jobs, runs. ARGV: consumer, how many, bytes, how many to move at most.
-- Answers milliseconds until the next is due (-1: none), the last id of the stream, then the entries.
--NOW--
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[4])
for _, member in ipairs(due) do
  local packed = redis.call('HGET', KEYS[3], member)
  if packed then
    local job = cmsgpack.unpack(packed)
    local id = redis.call('XADD', KEYS[1], '*', 'e', job[1], 'p', job[2], 'q', job[3], 'a', job[4],
      'w', job[5])
    if redis.call('HGET', KEYS[4], job[1]) == member then redis.call('HSET', KEYS[4], job[1], id) end
  end
  redis.call('HDEL', KEYS[3], member)
  redis.call('ZREM', KEYS[2], member)
end
local function read(count)
  local found = redis.pcall('XREADGROUP', 'GROUP', 'sspp', ARGV[1], 'COUNT', count, 'STREAMS', KEYS[1], '>')
  if type(found) == 'table' and found.err then
    -- A stream that is new, or a server that lost the group: from the beginning, never from now.
    redis.call('XGROUP', 'CREATE', KEYS[1], 'sspp', '0', 'MKSTREAM')
    found = redis.call('XREADGROUP', 'GROUP', 'sspp', ARGV[1], 'COUNT', count, 'STREAMS', KEYS[1], '>')
  end
  return found and found[1] and found[1][2] or {}
end
local left, bytes, taken = tonumber(ARGV[2]), 0, {}
local chunk = math.max(1, math.min(16, math.floor(tonumber(ARGV[3]) / 524288)))
while left > 0 and bytes < tonumber(ARGV[3]) do
  local entries = read(math.min(chunk, left))
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    bytes = bytes + #entry[2][4]
    taken[#taken + 1] = entry
  end
  left = left - #entries
  chunk = math.max(1, math.floor((tonumber(ARGV[3]) - bytes) / (bytes / #taken + 1)))
end
local next = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local wait = next[2] and math.max(0, tonumber(next[2]) - now) or -1
local last = redis.call('XINFO', 'STREAM', KEYS[1])
local last_id = '0-0'
for at = 1, #last, 2 do if last[at] == 'last-generated-id' then last_id = last[at + 1] end end
return {wait, last_id, taken}
