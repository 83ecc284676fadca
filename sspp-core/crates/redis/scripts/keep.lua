#!lua flags=allow-oom
-- Renews the claim on deliveries that are still whose they were. KEYS: stream. ARGV: per delivery id, consumer, count.
for at = 1, #ARGV, 3 do
  local id, consumer, count = unpack(ARGV, at, at + 2)
  local pending = redis.pcall('XPENDING', KEYS[1], 'sspp', id, id, 1)
  pending = not pending.err and pending[1]
  if pending and pending[2] == consumer and pending[4] == tonumber(count) then
    redis.call('XCLAIM', KEYS[1], 'sspp', consumer, 0, id, 'IDLE', 0, 'JUSTID')
  end
end
return 1
