/**
 * All limits of a request in one call: KEYS has a key for each, ARGV its strategy, quota and window in ms. Counts at all of them,
 * or at none. Answers the wait in ms (0: allowed), then what remains and when it resets, for each.
 *
 * A moving window is the list of its requests' times in µs, newest first. A fixed one is a number that expires.
 * Each command costs as much as all else here together: so it counts first, and takes that back where a limit refuses.
 */
export const TAKE_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wait = 0
local answer = { 0 }

for i, key in ipairs(KEYS) do
  local strategy, quota, window = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local used, resetAt
  if strategy == 'moving-window' then
    used = redis.call('LPUSH', key, now)
    local oldest = used == 1 and now or tonumber(redis.call('LINDEX', key, -1))
    while oldest <= now - window * 1000 do
      redis.call('RPOP', key)
      used = used - 1
      oldest = tonumber(redis.call('LINDEX', key, -1))
    end
    resetAt = math.ceil((oldest - now) / 1000 + window)
    if used > quota then
      local last = used == quota + 1 and oldest or tonumber(redis.call('LINDEX', key, quota))
      wait = math.max(wait, math.ceil((last - now) / 1000 + window))
    end
  else
    used = redis.call('INCR', key)
    if used > quota and strategy == 'fixed-window-elastic-expiry' then redis.call('PEXPIRE', key, window) end
    -- A key lives on through its last millisecond.
    resetAt = used == 1 and window or redis.call('PTTL', key) + 1
    if used > quota then wait = math.max(wait, resetAt) end
  end
  answer[2 * i] = used
  answer[2 * i + 1] = resetAt
end

for i, key in ipairs(KEYS) do
  local strategy, quota, window = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local used = answer[2 * i]
  if wait == 0 then
    if strategy ~= 'fixed-window' or used == 1 then redis.call('PEXPIRE', key, window) end
    if strategy == 'fixed-window-elastic-expiry' then answer[2 * i + 1] = tonumber(window) end
  else
    if strategy == 'moving-window' then
      redis.call('LPOP', key)
    elseif used == 1 then
      redis.call('DEL', key)
    else
      redis.call('DECR', key)
    end
    used = used - 1
  end
  answer[2 * i] = math.max(0, quota - used)
end
answer[1] = wait
return answer
`
