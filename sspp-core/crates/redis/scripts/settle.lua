#!lua flags=allow-oom
-- Settles deliveries that are still whose they were. Takes no memory to speak of: what comes again only moves.
-- KEYS: stream, delayed, parked, jobs, runs. ARGV: per settlement id, consumer, count, event, settlement, milliseconds; few
-- enough for one command to name them all.
--NOW--
-- Deliveries of one receive stand side by side: one question for all; what lies elsewhere is asked for by itself.
local held = {}
local all = redis.pcall('XPENDING', KEYS[1], 'sspp', ARGV[1], ARGV[#ARGV - 5], #ARGV / 6, ARGV[2])
for _, one in ipairs(all.err and {} or all) do held[one[1]] = one end
local function pending_of(id)
  if held[id] then return held[id] end
  local one = redis.pcall('XPENDING', KEYS[1], 'sspp', id, id, 1)
  return not one.err and one[1]
end
local done, ids, settled = {}, {}, {}
for at = 1, #ARGV, 6 do
  local id, consumer, count, event, settlement, delay = unpack(ARGV, at, at + 5)
  local pending = pending_of(id)
  if pending and pending[2] == consumer and pending[4] == tonumber(count) and not settled[id] then
    settled[id] = true
    ids[#ids + 1] = id
    if settlement == 'done' then
      done[#done + 1] = {event, id}
    else
      local fields = redis.call('XRANGE', KEYS[1], id, id)[1]
      if fields then
        fields = fields[2]
        -- The stamp stays that of the first id. No stamp is later than its entry.
        local own = string.match(id, '^%d+') .. '000'
        local enqueued = string.format('%.0f', math.min(tonumber(fields[6] or own), tonumber(own)))
        local attempts = tostring(tonumber(fields[8] or 0) + (settlement == 'retry' and 1 or 0))
        local postponed = tostring(tonumber(fields[10] or 0) + (settlement == 'postpone' and 1 or 0))
        local moved
        if settlement == 'back' then
          moved = redis.call('XADD', KEYS[1], '*', 'e', fields[2], 'p', fields[4], 'q', enqueued,
            'a', attempts, 'w', postponed)
        else
          moved = 'd' .. id
          redis.call('HSET', KEYS[3], moved, cmsgpack.pack({fields[2], fields[4], enqueued, attempts, postponed}))
          redis.call('ZADD', KEYS[2], now + tonumber(delay), moved)
        end
        if redis.call('HGET', KEYS[4], event) == id then redis.call('HSET', KEYS[4], event, moved) end
      end
    end
  end
end
-- All at once: a command of its own for each would cost as much as everything above.
if #done > 0 then
  local events, over = {}, {}
  for at, one in ipairs(done) do events[at] = one[1] end
  for at, latest in ipairs(redis.call('HMGET', KEYS[4], unpack(events))) do
    if latest == done[at][2] then over[#over + 1] = events[at] end
  end
  if #over > 0 then redis.call('HDEL', KEYS[4], unpack(over)) end
  if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('HDEL', KEYS[5], unpack(events)) end
end
if #ids > 0 then
  redis.call('XACK', KEYS[1], 'sspp', unpack(ids))
  redis.call('XDEL', KEYS[1], unpack(ids))
end
return 1
