#!lua flags=allow-oom
-- Takes over entries whose claim was not renewed for the claim bound, and removes consumers that are long gone and hold no entry.
-- KEYS: stream. ARGV: consumer, bound in ms, how many, bytes. Answers entries with how often each was delivered.
local taken, bytes, cursor = {}, 0, '0-0'
local left, chunk = tonumber(ARGV[3]), math.max(1, math.min(16, math.floor(tonumber(ARGV[4]) / 524288)))
while left > 0 and bytes < tonumber(ARGV[4]) do
  local found = redis.pcall('XAUTOCLAIM', KEYS[1], 'sspp', ARGV[1], ARGV[2], cursor, 'COUNT', math.min(chunk, left))
  if found.err then return taken end
  cursor = found[1]
  for _, entry in ipairs(found[2]) do
    local pending = redis.call('XPENDING', KEYS[1], 'sspp', entry[1], entry[1], 1)
    bytes = bytes + #entry[2][4]
    taken[#taken + 1] = {entry[1], entry[2], pending[1][4]}
    left = left - 1
  end
  if cursor == '0-0' then break end
  if #taken > 0 then chunk = math.max(1, math.floor((tonumber(ARGV[4]) - bytes) / (bytes / #taken + 1))) end
end
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], 'sspp')) do
  local is = {}
  for at = 1, #consumer, 2 do is[consumer[at]] = consumer[at + 1] end
  if is.pending == 0 and is.name ~= ARGV[1] and is.idle > 10 * tonumber(ARGV[2]) + 60000 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'sspp', is.name)
  end
end
return taken
