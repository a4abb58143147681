-- strings, comments, line counting
local s = "a\a\b\f\n\r\t\v\\\"\'\065\65\0651\x41\x7f\xff\z
           b\
c\z   d\0e\10f\200" .. '"' .. "'" .. '\'' .. "\"" .. ''
s = [[
first newline skipped
]] .. [==[a]]b]=]c]==] .. [[

two]] .. [=[[x]]=] .. [[]] .. [==[]]==] .. [=[]==]=]
--[[ long
comment ]] s = 1 --[==[ another ]]
]=]
]==] s = 2 --[ short
--[=x short
--]]
---[[
s = 3
--
f
(
  s
)
local t = {
  a
  =
  1,
  [
  2
  ]
  = 3
}
t
.
x = t
:
m
(
)
local longname_which_is_more_than_forty_bytes_long_indeed_1, longname_which_is_more_than_forty_bytes_long_indeed_2 = 1, 2
longname_which_is_more_than_forty_bytes_long_indeed_2 = longname_which_is_more_than_forty_bytes_long_indeed_1
global_name_which_is_more_than_forty_bytes_long_indeed = global_name_which_is_more_than_forty_bytes_long_indeed
function t.f() return longname_which_is_more_than_forty_bytes_long_indeed_2 end
goto label_which_is_more_than_forty_bytes_long_indeed_and_so_on
::label_which_is_more_than_forty_bytes_long_indeed_and_so_on::
return "a string constant that is more than forty bytes long", "a string constant that is more than forty bytes long",
  function() return "a string constant that is more than forty bytes long" end
