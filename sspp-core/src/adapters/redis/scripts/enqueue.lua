#!lua
-- Adds callers' jobs while there is room, each caller's part as a whole. Redis refuses this script over maxmemory before
-- it wrote anything.
-- KEYS: stream, delayed, parked, jobs, runs. ARGV: room of the shard, then a part: how many, then event, payload, enqueued_at of each.
-- Answers the length of the shard, then 1 or 0 a part.
local length = redis.call('XLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2])
local room, at, answer = tonumber(ARGV[1]), 2, {0}
-- Where each event's job is, noted for many at once: a command of its own for each would cost as much as the entry.
local places = {}
local function note()
  if #places > 0 then redis.call('HSET', KEYS[4], unpack(places)) end
  places = {}
end
while ARGV[at] do
  local count = tonumber(ARGV[at])
  local taken = length + count <= room
  if taken then
    for job = at + 1, at + count * 3, 3 do
      local id = redis.call('XADD', KEYS[1], '*', 'e', ARGV[job], 'p', ARGV[job + 1], 'q', ARGV[job + 2], 'a', '0')
      places[#places + 1] = ARGV[job]
      places[#places + 1] = id
      if #places == 1000 then note() end
    end
    length = length + count
  end
  answer[#answer + 1] = taken and 1 or 0
  at = at + 1 + count * 3
end
note()
answer[1] = length
return answer
