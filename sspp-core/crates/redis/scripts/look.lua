#!lua flags=no-writes
-- What is in the shard. KEYS: stream, delayed, parked, jobs, runs. ARGV: 'depth', 'job' and event, or 'recent' and how many.
-- Answers stream length, pending, delayed, last delivered id, then jobs: where it is, fields.
local pending, last = 0, '0-0'
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if not groups.err then
  for _, group in ipairs(groups) do
    for at = 1, #group, 2 do
      if group[at] == 'pending' then pending = group[at + 1] end
      if group[at] == 'last-delivered-id' then last = group[at + 1] end
    end
  end
end
local answer = {redis.call('XLEN', KEYS[1]), pending, redis.call('ZCARD', KEYS[2]), last, {}}
local function add(id)
  if string.sub(id, 1, 1) == 'd' then
    local packed = redis.call('HGET', KEYS[3], id)
    if packed then
      local job = cmsgpack.unpack(packed)
      table.insert(answer[5], {id, {'e', job[1], 'p', job[2], 'q', job[3], 'a', job[4], 'w', job[5]}})
    end
  else
    local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
    if entry then table.insert(answer[5], entry) end
  end
end
if ARGV[1] == 'job' then
  local id = redis.call('HGET', KEYS[4], ARGV[2])
  if id then add(id) end
elseif ARGV[1] == 'recent' then
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[2])) do table.insert(answer[5], entry) end
  for _, id in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, tonumber(ARGV[2]) - 1)) do add(id) end
end
return answer
