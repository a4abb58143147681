-- operators, folding, conditions and their jumps
local a, b, c, d, e = 1, 2, 3
local t = {}
print(1 + 2 * 3 - 4 / 5 % 6 ^ 7, -2 ^ 2, 2 ^ -3, -0, 0, 0 * -1, 1 / 0, 0 / 0, 5 % 0, -5 % 3, 1e308 * 10, -(1e308 * 10))
print(1e999 - 1e999, "\0\0\0\0\0\0\0\0", 0, 0.0, -0, "\0\0\0\0\0\0\0\0", "\0\0\0\0\0\0\0\128", -0)
print(0x10, 0xA.8p1, 0x.1p4, 0xffffffffffffffffff, 3., .5, 3e2, 3E-2, 0x1P+3, 1e15, 123456789012345678)
print(a and b, a or b, not a, not not a, a and b or c, (a and b) or (c and d), not (a and b), a == b and c)
print(a < b, a <= b, a > b, a >= b, a == b, a ~= b, 1 < a, a < 1, 1 > a, "x" == a, nil == a, a == true)
print((a < b) == (c < d), a < b and c < d or e, not (a < b), not (a < b and c < d), (a or b) and (c or d))
local x = a and nil; x = a or nil; x = a and false; x = nil and a; x = false or a; x = true and a; x = 1 and a
x = a and (b or c) and d; x = (a or b) and c; x = not (a or not b); x = a ~= nil and a or b; x = 1 == 1
x = not nil; x = not 1; x = not "s"; x = -a; x = #t; x = -#t; x = not -a; x = - - a; x = - -1; x = -"2"; x = -{}
x = a .. b; x = a .. b .. c; x = (a .. b) .. c; x = a .. (b .. c); x = "a" .. 1 .. 2; x = a .. b == c .. d
x = a + b * c .. d; x = a + 1 .. 2 + b; x = t[a] .. t[b] .. t.x .. t["y z"]; x = (a .. b)[1]; x = #a .. b
x = t.a.b.c; x = t[1][2][3]; x = t[a][b]; x = t[a + b]; x = t[f(a)]; x = t.f(a).g; x = t:m(1):n(2, 3).o
x = (f()); x = ((f())); x = {f()}; x = {f(), f()}; x = {(f())}; x = f{}; x = f"s"; x = f[[l]]; x = t:m"s"; x = t.m{}
x = {}; x = {1}; x = {1, 2, 3}; x = {a = 1}; x = {a = 1, 2, b = 3, 4; 5}; x = {[a] = b, [1] = 2, ["x"] = f()}
x = {...}; x = {..., nil}; x = {1, ...}; x = {a = ...}; x = {[...] = ...}; x = select("#", ...); x = (...)
x = {{}, {{}}, {{{}}}}; x = {f, f(), f(f()), f(...)}; x = {function() end, x = function() return x end}
x = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,
  41,42,43,44,45,46,47,48,49,50}
x = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,
  41,42,43,44,45,46,47,48,49,50,51, f()}
x = {a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=10,k=11,l=12,m=13,n=14,o=15,p=16,q=17}
if a then x = 1 end
if not a then x = 1 else x = 2 end
if a and b then x = 1 elseif a or b then x = 2 elseif not (a and b) then x = 3 else x = 4 end
if nil then x = 1 end if false then x = 1 end if true then x = 1 end if 1 then x = 1 end if "s" then x = 1 end
if a == b then elseif a ~= b then else end
while a do if b then break end end
while true do if a then break else x = 1 end end
while nil do end while false do x = 1 end while 1 do break end
repeat local q = a until q
repeat local q = a; local function g() return q end until q and g()
repeat if a then break end local z = function() return a end until z() == b
return a and b, (a or b), f(a)
