-- Three tasks that seem to block. All of them run in one thread, on the loop in main.c.

local function worker(name, pause)
  for i = 1, 3 do
    log(name, "step", i)
    sleep(pause)
  end
  log(name, "ends")
end

spawn(worker, "slow", 1)
spawn(worker, "quick", 0.4)

-- a consumer and a producer
spawn(function()
  while true do
    local item, n = receive("queue")
    if not item then break end
    log("consumer got", item, n)
  end
  log("consumer ends")
end)

spawn(function()
  for i, fruit in ipairs { "apple", "banana", "cherry" } do
    sleep(0.3)
    while not send("queue", fruit, i) do sleep(0.1) end
  end
  sleep(0.3)
  send("queue", nil)
end)

-- yields inside C functions, iterators, metamethods and protected calls
spawn(function()
  local pages = setmetatable({}, { __index = function(_, url) return (fetch(url)) end })
  log(pages["example/a"])
  local ok, content, code = guard(fetch, "example/b")
  log(ok, content, code)
  log(guard(function()
    sleep(0.1)
    error("after a pause", 0)
  end))
  for n in function(_, n)
    sleep(0.1)
    n = (n or 0) + 1
    return n <= 2 and n or nil
  end do
    log("iterator", n)
  end
  local unused = nil
  log(unused.field)
end)

spawn(function() receive("nobody sends here") end)
