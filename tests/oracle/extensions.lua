-- What only this library does: count hooks look in on matches and sorts that take long, so that they can be stopped.
-- Prints "ok NAME" or "not ok NAME: why" for each check.
local function check(name, f)
  local ok, message = pcall(f)
  print(ok and "ok " .. name or "not ok " .. name .. ": " .. tostring(message))
end

local subject = ("a"):rep(30)
local pattern = ("a?"):rep(30) .. ("a*"):rep(12) .. "b"
local many = {}
for i = 1, 20000 do many[i] = i * 7919 % 20011 end
local function copy() return {table.unpack(many, 1, 7000)} end

-- Stops f by a count hook; afterwards the library works as before.
local function stopped(f)
  return function()
    local fired = 0
    debug.sethook(function(event)
      fired = fired + 1
      assert(event == "count")
      error("stopped by the hook", 0)
    end, "", 1000)
    local ok, message = pcall(f)
    debug.sethook()
    assert(not ok and message == "stopped by the hook", tostring(message))
    assert(fired >= 1)
    assert(("key = value"):match("(%w+) = (%w+)") == "key")
    assert(("hello"):gsub("l", {l = "L"}) == "heLLo")
    local t = {3, 1, 2}
    table.sort(t)
    assert(table.concat(t) == "123")
    collectgarbage()
  end
end
check("find", stopped(function() return subject:find(pattern) end))
check("match", stopped(function() return subject:match(pattern) end))
check("gsub", stopped(function() return subject:gsub(pattern, "") end))
check("gmatch", stopped(function() for _ in subject:gmatch(pattern) do end end))
check("find from a tail call", stopped(function() return string.find(subject, pattern) end))
check("in a coroutine", function()
  local co = coroutine.create(function() return subject:find(pattern) end)
  debug.sethook(co, function() error("stopped by the hook", 0) end, "", 1000)
  local ok, message = coroutine.resume(co)
  assert(not ok and message == "stopped by the hook", tostring(message))
end)
check("a library function that calls back", stopped(function() return ("x"):gsub("x", function() return (subject:find(pattern)) end) end))
check("sort", stopped(function()
  local t = copy()
  debug.sethook((debug.gethook()), "", 1000)
  table.sort(t)
end))
check("sort with the library's function", stopped(function()
  local t = copy()
  table.sort(t, rawequal)
end))
-- Lengths that a script makes up, and elements outside of the array part.
local endless = setmetatable({}, {__len = function() return 2^31 - 2 end})
check("insert", stopped(function() table.insert(endless, 1, true) end))
check("remove", stopped(function() table.remove(endless, 1) end))
check("concat", stopped(function()
  local t = {}
  for i = 1, 3000 do t[-i] = "x" end
  debug.sethook((debug.gethook()), "", 1000)
  return table.concat(t, "", -3000, -1)
end))
check("insert and remove that are let go on", function()
  local t, times = {}, 0
  for i = 3000, 1, -1 do t[i] = i end
  local mt = {__len = function() return 3000 end}
  setmetatable(t, mt)
  debug.sethook(function() times = times + 1 end, "", 1000)
  table.insert(t, 1, 0)
  local removed = table.remove(t, 1)
  debug.sethook()
  assert(removed == 0 and t[1] == 1 and t[2999] == 2999)
end)
check("load from a library function", stopped(function() error(select(2, load(os.time)), 0) end))

-- The hook is told at least once in so many steps, and a hook that lets it go on changes nothing.
check("how often", function()
  local times = 0
  local text = ("ab"):rep(5000)
  local wanted = {text:gsub("a(b)", "%1"), nil}
  debug.sethook(function() times = times + 1 end, "", 1000)
  local got = subject:sub(1, 20):find(("a?"):rep(20) .. "[bc]")
  local during = times
  debug.sethook()
  assert(got == nil and during >= 20, during)
  debug.sethook(function() times = times + 1 end, "", 1000)
  local again = {text:gsub("a(b)", "%1"), nil}
  debug.sethook()
  assert(again[1] == wanted[1] and again[2] == wanted[2])
  local a, b = copy(), copy()
  table.sort(a)
  debug.sethook(function() times = times + 1 end, "", 100)
  table.sort(b)
  debug.sethook()
  for i = 1, #a do assert(a[i] == b[i]) end
end)

-- Other hooks leave matches alone.
check("line hooks", function()
  local events = {}
  debug.sethook(function(event) events[#events + 1] = event end, "l")
  subject:sub(1, 15):find(("a?"):rep(15) .. "b")
  debug.sethook()
  assert(#events <= 3, #events)
end)
check("a hook that yields", function()
  local co = coroutine.create(function()
    return (("a"):rep(18):find(("a?"):rep(18) .. "b"))
  end)
  debug.sethook(co, function() coroutine.yield() end, "", 1000)
  local ok, message
  repeat ok, message = coroutine.resume(co) until not ok or coroutine.status(co) == "dead"
  assert(not ok and message:find("yield", 1, true), tostring(message))
end)
