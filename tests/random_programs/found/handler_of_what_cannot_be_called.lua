-- The handler of an xpcall whose function cannot be called gives the error's value, however many values it gives.
local said = {}
for i = 1, 200 do
  local status, e, more = xpcall(nil, function(e) return e, i end, i)
  said[#said + 1] = tostring(status) .. e .. tostring(more)
  status, e = xpcall(nil, function() end)
  said[#said + 1] = tostring(status) .. tostring(e)
end
print(table.concat(said, ' '))
