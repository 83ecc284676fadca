#!lua flags=allow-oom
-- Counts a run of a suspect, or ends the count. KEYS: stream, delayed, parked, jobs, runs. ARGV: id, consumer, count, event,
-- 'begin' or 'end'. Answers the count, 0 for a stale receipt.
local pending = redis.pcall('XPENDING', KEYS[1], 'sspp', ARGV[1], ARGV[1], 1)
pending = not pending.err and pending[1]
if not (pending and pending[2] == ARGV[2] and pending[4] == tonumber(ARGV[3])) then return 0 end
if ARGV[5] == 'begin' then return redis.call('HINCRBY', KEYS[5], ARGV[4], 1) end
return redis.call('HDEL', KEYS[5], ARGV[4])
