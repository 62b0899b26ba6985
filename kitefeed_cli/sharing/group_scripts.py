"""What Redis carries out in one piece for a consumer group.

Between the place of a group and the entry that it is given next, entries may have been trimmed. Only at the moment of
giving is it known which entry came before, whoever of the group had it: so each script that gives entries compares
stamps, and writes what is missing into a stream of holes, which is the group's own and is read like the others. A
reader that dies before it has told of a hole leaves it pending, as it does with entries.

Every script has the same KEYS: the streams of three connections, the state stream, the holes, and the places. The
places are a hash: number of the stream → "ID epoch number index" of the entry that the group was given last. The index
counts all entries that the stream ever had; Redis tells it since 7.0, and so what was trimmed at the end of an earlier
lease is known too. ARGV begins with the group and the consumer.
"""

from __future__ import annotations

_COMMON = """
local group, me, holes, places = ARGV[1], ARGV[2], KEYS[5], KEYS[6]
local function whole(number) return number and string.format('%.0f', number) or '' end
local function hole(n, why, after, before, many)
  redis.call('XADD', holes, 'MAXLEN', '~', '1000', '*',
    'n', n, 'why', why, 'after', after, 'before', before, 'many', whole(many))
end
local function stamp_of(fields)
  for at = 1, #fields, 2 do
    if fields[at] == 'h' then
      local epoch, number = string.match(fields[at + 1], '^(%d+):(%d+)')
      return tonumber(epoch), tonumber(number)
    end
  end
end
local function is_told(fields)
  for at = 1, #fields, 2 do
    if fields[at] == 'told' then return true end
  end
  return false
end
local function trimmed_and_all(key)
  local told, fact = redis.call('XINFO', 'STREAM', key), {}
  for at = 1, #told, 2 do fact[told[at]] = told[at + 1] end
  local all = fact['entries-added']
  return all and all - fact['length'], all, fact['last-generated-id']
end
local function place_of(n)
  local id, epoch, number, index = string.match(redis.call('HGET', places, n) or '', '^(%S+) (%d*) (%d*) (%d*)$')
  return id, tonumber(epoch), tonumber(number), tonumber(index)
end
local function stand(n, id, epoch, number, index)
  redis.call('HSET', places, n, table.concat({id, whole(epoch), whole(number), whole(index)}, ' '))
end
"""

# Further: '1' to begin with what is there, else with what comes; then for each of the four streams where this reader
# saw the group last, or ''. Answers what became of it: 'new', 'again' when only the group was gone, 'forgotten' when
# Redis has lost everything, or 'there'. The group of the holes is made first, so that it misses none.
JOIN = f"""{_COMMON}
local done = 'there'
for _, n in ipairs({{5, 1, 2, 3, 4}}) do
  local key, seen = KEYS[n], ARGV[3 + n] or ''
  local id = place_of(n)
  local word, from = 'new', ARGV[3] == '1' and '0-0' or '$'
  if id then word, from = 'again', id elseif seen ~= '' then word = 'forgotten' end
  local made = redis.pcall('XGROUP', 'CREATE', key, group, from, 'MKSTREAM')
  if made.err then
    if string.sub(made.err, 1, 9) ~= 'BUSYGROUP' then return made end
  else
    if n < 5 then done = word end
    if not id then
      local trimmed, all, newest = trimmed_and_all(key)
      if from == '$' then
        local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
        local epoch, number
        if last then epoch, number = stamp_of(last[2]) end
        stand(n, newest, epoch, number, all)
      else
        stand(n, '0-0', nil, nil, trimmed)
        if word == 'forgotten' and n < 5 then hole(n, word, seen, '', nil) end
      end
    end
  end
end
return done
"""

# Further: how many entries of each stream at most, and an ID of the state stream. Answers Redis' time, the new entries
# of each stream, the group's place in each, and all words behind that ID, which every reader is told.
READ = f"""{_COMMON}
local function look(n, got)
  local id, epoch, number, index = place_of(n)
  for at, entry in ipairs(got) do
    local its_epoch, its_number = stamp_of(entry[2])
    if its_epoch and id then
      local missing, trimmed, other = 0, at > 1 and 0 or nil, epoch and its_epoch > epoch
      if epoch == its_epoch then missing = its_number - 1 - number elseif other then missing = its_number - 1 end
      if at == 1 and (missing > 0 or epoch ~= its_epoch) then
        local gone, all = trimmed_and_all(KEYS[n])
        if gone and index then
          trimmed = math.max(0, gone - index)
          index = index > all and gone or index + trimmed
        end
      end
      if missing > 0 or (trimmed or 0) > 0 then
        hole(n, trimmed == 0 and 'missing' or 'trimmed', id, entry[1], math.max(missing, trimmed or 0))
      elseif other and n < 4 and not is_told(entry[2]) then
        hole(n, 'another-publisher', id, entry[1], nil)
      end
    end
    if its_epoch and (not epoch or its_epoch > epoch or (its_epoch == epoch and its_number > number)) then
      epoch, number = its_epoch, its_number
    end
    id, index = entry[1], index and index + 1
  end
  stand(n, id, epoch, number, index)
end
local came, at = {{}}, {{}}
for n = 1, 5 do
  local got = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', ARGV[3], 'STREAMS', KEYS[n], '>')
  came[n] = got and got[1][2] or {{}}
  if n < 5 and #came[n] > 0 then look(n, came[n]) elseif #came[n] > 0 then stand(n, came[n][#came[n]][1]) end
  at[n] = place_of(n) or '0-0'
end
local words = redis.call('XRANGE', KEYS[4], '(' .. ARGV[4], '+', 'COUNT', 1000)
return {{redis.call('TIME'), came, at, words}}
"""

# Of entries that were given before, those that are still there, and for the others a hole.
_STILL_THERE = """
local function still_there(n, given)
  local there, first, last, many = {}, '', '', 0
  for at = 1, #given do
    local entry = given[at]
    if entry and entry[2] then
      table.insert(there, entry)
    else
      many = many + 1
      if entry then
        first, last = first == '' and entry[1] or first, entry[1]
        redis.call('XACK', KEYS[n], group, entry[1])
      end
    end
  end
  return there, first, last, many
end
"""

# Further: how many entries at most, the number of the stream, and the ID to go on behind. Answers Redis' time, what
# this consumer was given and has not acknowledged, and the ID to go on behind, '' at the end.
MINE = f"""{_COMMON}{_STILL_THERE}
local n = tonumber(ARGV[4])
local got = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', ARGV[3], 'STREAMS', KEYS[n], ARGV[5])
local given = got and got[1][2] or {{}}
local there, first, last, many = still_there(n, given)
if many > 0 then hole(n, 'trimmed', first, last, many) end
return {{redis.call('TIME'), there, #given > 0 and given[#given][1] or ''}}
"""

# Further: the same, with the milliseconds after which what another consumer has not acknowledged is given to this one
# at the end. IDs of entries that are not there any more are told since Redis 7.0; before, only how many.
THEIRS = f"""{_COMMON}{_STILL_THERE}
local n = tonumber(ARGV[4])
local got = redis.call('XAUTOCLAIM', KEYS[n], group, me, ARGV[6], ARGV[5], 'COUNT', ARGV[3])
local there, first, last, many = still_there(n, got[2])
local gone = got[3] or {{}}
if #gone > 0 then first, last, many = gone[1], gone[#gone], many + #gone end
if many > 0 then hole(n, 'trimmed', first, last, many) end
return {{redis.call('TIME'), there, got[1] ~= '0-0' and got[1] or ''}}
"""
