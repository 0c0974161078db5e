-- For wrk: every request writes to somebody else; the ids of what was answered with 202 go to a file a thread.
local folder, run = os.getenv("LOAD_FOLDER"), os.getenv("LOAD_RUN")
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end
function init(args)
  count = 0
  answered = io.open(folder .. "/" .. run .. "-" .. number .. ".ids", "w")
  answered:setvbuf("line")
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("LOAD_KEY")
end
function request()
  count = count + 1
  local body = '{"to": "r' .. count .. "." .. number .. "." .. run .. '@mail.example", ' ..
    '"from": "news@brightbooks.example", "subject": "Promo", "text": "we have a new offer this week"}'
  return wrk.format(nil, "/emails", nil, body)
end
function response(status, headers, body)
  if status == 202 then
    answered:write(body:match('"id":"?(%x+)') .. "\n")
  end
end
