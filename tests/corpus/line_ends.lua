local a = "x\
y"
local b = [[1
2
34
5]]
--[[

]]local c = a, b
f()