-- Sends the lines of a file as bodies, one after the other, and prints one line of JSON at the end.
-- Usage: wrk -s load.lua URL -- FILE

local requests, turn = {}, 0

function init(arguments)
  local headers = { ["Content-Type"] = "application/json" }
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local e = summary.errors
  local line = '\n{"requests":%d,"seconds":%.6f,"errors":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n'
  io.write(string.format(
    line,
    summary.requests,
    summary.duration / 1e6,
    -- wrk's status counts answers from 400 on; the others are of the socket
    e.connect + e.read + e.write + e.timeout + e.status,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
