-- Keeps everything.
local kept = {}
while true do kept[#kept + 1] = { "a table with text" .. #kept } end
