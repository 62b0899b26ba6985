"""What Redis carries out in one piece. A script sees all keys as they are at one moment, and nobody comes between.

Numbers of leases are milliseconds: Lua counts in doubles, which hold them exactly, but prints large ones with an
exponent unless it is told otherwise.
"""

from __future__ import annotations

# KEYS: lease, epoch. ARGV: how long the lease lasts, who asks (host and pid), the mark of the asker, and the number of
# its lease, or the greatest one it has seen. The mark ends the value of each lease of that asker, so that it finds its
# own one when the answer to its question was lost. Answers {'ours', value}, {'held', value of the other one, empty when
# it has been and gone}, or {'forgotten', ''}.
_ASKED = """
local function anew(above)
  local time = redis.call('TIME')
  local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
  local last = tonumber(redis.call('GET', KEYS[2]) or 0)
  local epoch = string.format('%.0f', math.max(now_ms, last + 1, above + 1))
  local value = epoch .. ':' .. ARGV[2] .. ':' .. time[1] .. ':' .. ARGV[3]
  redis.call('SET', KEYS[2], epoch)
  redis.call('SET', KEYS[1], value, 'PX', ARGV[1])
  return {'ours', value}
end
local function again(held, above)
  if tonumber(string.match(held, '^%d+')) < above then return anew(above) end
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return {'ours', held}
end
local held, above = redis.call('GET', KEYS[1]), tonumber(ARGV[4])
if held and string.sub(held, -#ARGV[3] - 1) == ':' .. ARGV[3] then return again(held, above) end
if held then return {'held', held} end
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
"""

# Further: whether to take it although Redis has forgotten that number ('1').
TAKE = f"""{_ASKED}
if last < above and ARGV[5] ~= '1' then return {{'forgotten', ''}} end
return anew(above)
"""

# Further: the value of the lease. One that has merely run out is the same again, and in place of one that Redis has
# forgotten there is a new one.
RENEW = f"""{_ASKED}
if last > above then return {{'held', ''}} end
if last < above then return anew(above) end
redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[1])
return {{'ours', ARGV[5]}}
"""

# KEYS: lease. ARGV: its value.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

# What the fence answers when the lease is not the writer's.
FENCED = "FENCED"

# KEYS: one more, lease. ARGV: the value of the lease, and more. A lease that nobody has may have run out because Redis
# takes no writes, its renewal among them: then a write that changes nothing has the reason. Errors of writes are
# answered as Redis says them (`pcall`): before Redis 7 they would be the script's, with the reason amid its text.
_FENCE = f"""
local held = redis.call('GET', KEYS[2])
if held ~= ARGV[1] then
  local said = held or redis.pcall('SETRANGE', KEYS[2], 0, '')
  if type(said) == 'table' then return said end
  return redis.error_reply('{FENCED} the lease is another one now')
end
"""

# Nothing but that.
PROBE = f"{_FENCE} return 0"

# KEYS: a stream, lease. ARGV: the value of the lease, how long entries are kept in milliseconds. For a Redis that is
# full: what is trimmed anyhow makes room. Also for a lease that nobody can take because of that.
TRIM = f"""
local held = redis.call('GET', KEYS[2])
if held and held ~= ARGV[1] then return redis.error_reply('{FENCED} the lease is another one now') end
local time = redis.call('TIME')
local oldest_ms = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[2])
return redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', oldest_ms))
"""

# KEYS: a board, lease. ARGV: the value of the lease, then fields and values: they and the time are all of the board.
POST = f"""{_FENCE}
local time = redis.call('TIME')
local now_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local said = redis.pcall('HSET', KEYS[1], 't', now_ms, unpack(ARGV, 2))
if type(said) == 'table' then return said end
local new = {{t = true}}
for at = 2, #ARGV, 2 do new[ARGV[at]] = true end
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if not new[name] then redis.call('HDEL', KEYS[1], name) end
end
return now_ms
"""

# KEYS: a string, lease. ARGV: the value of the lease, the string.
KEEP = f"""{_FENCE}
return redis.pcall('SET', KEYS[1], ARGV[2])
"""
