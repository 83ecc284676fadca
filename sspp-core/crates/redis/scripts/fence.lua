#!lua flags=allow-oom
-- Answers the latest milliseconds that the shard has given as an id, or would give. Where that is not after ARGV[1], it moves
-- on, so that every later id is. KEYS: stream. ARGV: milliseconds, or -1 to move nothing.
--NOW--
local last, least = 0, tonumber(ARGV[1])
local stream = redis.pcall('XINFO', 'STREAM', KEYS[1])
for at = 1, stream.err and 0 or #stream, 2 do
  if stream[at] == 'last-generated-id' then last = tonumber(string.match(stream[at + 1], '^%d+')) end
end
if last <= least then
  last = least + 1
  local id = string.format('%.0f-0', last)
  redis.call('XADD', KEYS[1], id, '', '')
  redis.call('XDEL', KEYS[1], id)
end
return math.max(last, now)
