#!lua
-- Adds callers' jobs while there is room, each caller's part as a whole. Redis refuses this script over maxmemory before
-- it wrote anything.
-- KEYS: stream, delayed, parked, jobs, runs. ARGV: room of the shard, then a part: how many, then event, payload, stamp of each.
-- A stamp is empty where the entry's id is to be it: no other clock counts.
-- Answers the length of the shard, then 1 or 0 a part.
local length = redis.call('XLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2])
local room, at, answer = tonumber(ARGV[1]), 2, {0}
while ARGV[at] do
  local count = tonumber(ARGV[at])
  local taken = length + count <= room
  for job = 0, count - 1 do
    if taken then
      local event, payload, enqueued = ARGV[at + 1 + job * 3], ARGV[at + 2 + job * 3], ARGV[at + 3 + job * 3]
      local id
      if enqueued == '' then
        id = redis.call('XADD', KEYS[1], '*', 'e', event, 'p', payload)
      else
        id = redis.call('XADD', KEYS[1], '*', 'e', event, 'p', payload, 'q', enqueued)
      end
      redis.call('HSET', KEYS[4], event, id)
    end
  end
  if taken then length = length + count end
  answer[#answer + 1] = taken and 1 or 0
  at = at + 1 + count * 3
end
answer[1] = length
return answer
