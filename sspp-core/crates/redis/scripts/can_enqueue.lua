#!lua
-- Writes what an enqueue writes, and takes it back. A server that is read-only, has too few replicas, cannot write its disk or
-- is over maxmemory refuses this script as it refuses an enqueue. KEYS: stream, delayed, parked, jobs, runs.
if not redis.acl_check_cmd('XADD', KEYS[1], '*', 'e', '') then
  return redis.error_reply('NOPERM this user may not run XADD')
end
redis.call('HSET', KEYS[4], 'probe', '')
return redis.call('HDEL', KEYS[4], 'probe')
