-- wrk ... -s headers.lua URL -- FILE: each request with the next line of FILE
-- as its Authorization header.  Prints requests a second, and how many of
-- them were not answered with 200, or 0 0 where FILE was too short.

local file
spent = false

function init(args)
    file = assert(io.open(args[1]))
end

function request()
    local line = file:read("*l")

    if line == nil then
        spent = true
        line = ""
        wrk.thread:stop()
    end

    return wrk.format("GET", nil, { Authorization = line })
end

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function done(summary)
    local e = summary.errors
    local bad = e.connect + e.read + e.write + e.status + e.timeout

    for _, thread in ipairs(threads) do
        if thread:get("spent") then
            print("RESULT 0 0")
            return
        end
    end

    print(string.format("RESULT %.0f %d",
        summary.requests / summary.duration * 1e6, bad))
end
