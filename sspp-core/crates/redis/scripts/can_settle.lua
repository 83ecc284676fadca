#!lua flags=allow-oom
-- Changes nothing, but is refused where a settle is: by a server that is read-only, has too few replicas or cannot write its
-- disk. KEYS: stream, delayed, parked, jobs, runs.
if not redis.acl_check_cmd('XACK', KEYS[1], 'sspp', '0-0') or not redis.acl_check_cmd('XDEL', KEYS[1], '0-0') then
  return redis.error_reply('NOPERM this user may not run XACK and XDEL')
end
return redis.call('HDEL', KEYS[4], 'probe')
