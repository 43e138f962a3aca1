/**
 * All limits of a request in one call: KEYS has a key for each, ARGV its strategy, quota and window in ms. Counts at all of them,
 * or at none. Answers the wait in ms (0: allowed), then what remains and when it resets, for each.
 *
 * A moving window is the list of its requests' times in µs, newest first. A fixed one is a number that expires.
 */
export const TAKE_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wait = 0
local states = {}

for i, key in ipairs(KEYS) do
  local strategy, quota, window = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local used, resetAt = 0, window
  if strategy == 'moving-window' then
    local oldest = redis.call('LINDEX', key, -1)
    while oldest and tonumber(oldest) <= now - window * 1000 do
      redis.call('RPOP', key)
      oldest = redis.call('LINDEX', key, -1)
    end
    if oldest then
      used = redis.call('LLEN', key)
      resetAt = math.ceil((tonumber(oldest) - now) / 1000 + window)
      if used >= quota then
        local last = used == quota and oldest or redis.call('LINDEX', key, quota - 1)
        wait = math.max(wait, math.ceil((tonumber(last) - now) / 1000 + window))
      end
    end
  else
    used = tonumber(redis.call('GET', key) or 0)
    if used >= quota and strategy == 'fixed-window-elastic-expiry' then redis.call('PEXPIRE', key, window) end
    -- A key lives on through its last millisecond.
    if used > 0 then resetAt = redis.call('PTTL', key) + 1 end
    if used >= quota then wait = math.max(wait, resetAt) end
  end
  states[i] = { used, resetAt }
end

local answer = { wait }
for i, key in ipairs(KEYS) do
  local strategy, quota, window = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local used, resetAt = states[i][1], states[i][2]
  if wait == 0 then
    used = used + 1
    if strategy == 'moving-window' then
      redis.call('LPUSH', key, string.format('%.0f', now))
      redis.call('PEXPIRE', key, window)
    else
      redis.call('INCR', key)
      if used == 1 or strategy == 'fixed-window-elastic-expiry' then
        redis.call('PEXPIRE', key, window)
        resetAt = window
      end
    end
  end
  answer[2 * i] = math.max(0, quota - used)
  answer[2 * i + 1] = resetAt
end
return answer
`
