-- wrk ... -s headers.lua URL -- FILE [again]: each request with the next line
-- of FILE as its Authorization header; "again": from its first one after the
-- last.  Prints requests a second, and how many were not answered with 200,
-- or 0 0 where FILE was too short.

local file, again
spent = false

function init(args)
    file = assert(io.open(args[1]))
    again = args[2] == "again"
end

function request()
    local line = file:read("*l")

    if line == nil and again then
        file:seek("set")
        line = file:read("*l")
    end

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
