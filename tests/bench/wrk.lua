-- One request again and again, for wrk: METHOD [TYPE FILE]; its figures in one line at the end.
function init(arguments)
   wrk.method = arguments[1]
   if arguments[3] then
      local file = assert(io.open(arguments[3], "rb"))
      wrk.body = file:read("*a")
      wrk.headers["Content-Type"] = arguments[2]
      file:close()
   end
end

function done(summary, latency, requests)
   local e = summary.errors
   local failed = e.connect + e.read + e.write + e.status + e.timeout
   io.write(string.format("figures %d %d %d %d %d\n", summary.requests, summary.duration,
                          failed, latency:percentile(50), latency:percentile(99)))
end
