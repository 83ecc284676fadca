#!lua flags=allow-oom
-- Settles deliveries that are still whose they were. Takes no memory to speak of: what comes again only moves.
-- KEYS: stream, delayed, parked, jobs, runs. ARGV: per settlement id, consumer, count, event, verdict, milliseconds.
--NOW--
for at = 1, #ARGV, 6 do
  local id, consumer, count, event, verdict, delay = unpack(ARGV, at, at + 5)
  local pending = redis.pcall('XPENDING', KEYS[1], 'sspp', id, id, 1)
  pending = not pending.err and pending[1]
  if pending and pending[2] == consumer and pending[4] == tonumber(count) then
    local latest = redis.call('HGET', KEYS[4], event) == id
    if verdict == 'done' then
      if latest then redis.call('HDEL', KEYS[4], event) end
      redis.call('HDEL', KEYS[5], event)
    else
      local fields = redis.call('XRANGE', KEYS[1], id, id)[1]
      if fields then
        fields = fields[2]
        local attempts = tonumber(fields[8]) + (verdict == 'retry' and 1 or 0)
        local moved
        if verdict == 'back' then
          moved = redis.call('XADD', KEYS[1], '*', 'e', fields[2], 'p', fields[4], 'q', fields[6], 'a', attempts)
        else
          moved = 'd' .. id
          redis.call('HSET', KEYS[3], moved, cmsgpack.pack({fields[2], fields[4], fields[6], tostring(attempts)}))
          redis.call('ZADD', KEYS[2], now + tonumber(delay), moved)
        end
        if latest then redis.call('HSET', KEYS[4], event, moved) end
      end
    end
    redis.call('XACK', KEYS[1], 'sspp', id)
    redis.call('XDEL', KEYS[1], id)
  end
end
return 1
