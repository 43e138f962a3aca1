/**
 * Checks all limits of a request in one call. KEYS has one key for each limit; ARGV has the strategy,
 * the quota and the window in ms of each. Counts the request at all of the limits, or at none. Returns
 * the wait in ms (0: allowed), then the remaining quota and the ms until it resets, for each limit.
 *
 * A moving window is a list of request times in µs, newest first. A fixed window is a counter that
 * expires. One command costs as much as all the other code here, so the script counts first, and undoes
 * that when a limit refuses.
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
    -- A key still exists during its last millisecond.
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
