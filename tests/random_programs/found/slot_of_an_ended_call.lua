-- The first call in a coroutine makes a frame and takes the long way. When it ended it left its function in the slot, in
-- the interpreter and not in native code. After an error all slots of the frame are looked at by the collector, which
-- found the function alive.
local weak = setmetatable({}, {__mode = 'v'})
local holder = {}
local function make(n) return function() return n end end
for i = 1, 60 do
  holder.f = make(i)
  weak[1] = holder.f
  local co = coroutine.create(function()
    local p
    do
      local q, r, s, t
      holder.f()
    end
    holder.f = nil
    return p.x
  end)
  coroutine.resume(co)
  collectgarbage()
  print(i, weak[1] == nil, coroutine.status(co))
end
