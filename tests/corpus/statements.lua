-- assignments, scopes, functions, loops, gotos
local a, b, c, d
a, b = b, a
a, b, c = 1
a, b = 1, 2, 3
a, b, c = f()
a, b, c = 1, f()
a, b = f(), f()
a, b, c, d = ...
a, b = (f()), (...)
x, y = y, x
x.y, x = x, x.y
a[1], a = a, a[1]
a[b], b = b, a[b]
a.b, a, b = 1, 2, 3
a[b], a[a], a, b = b, a
a.b.c, a.b = a, a.b.c
f().x, g()[1] = h()
a = nil; b, c = nil; a, b, c, d = nil, nil, nil, nil
local p, q, r; local s; local u, v = nil; local w = nil, nil
do local i; local j; i = nil; j = nil end
local function up() a = b; c, d = d, c; x[a], a = a, x[a]; return function() a, b = b, a; return up end end
local function env() local _ENV = {}; x = y; x.z = y; _ENV.w = 1; _ENV = nil end
local function env2(_ENV) return x, y(z), function() return x end end
_ENV.x = _ENV; _ENV = _ENV
function f() end function f.g() end function f.g.h() end function f:m() return self end function f.g:m(...) return ... end
local function varargs(a, b, ...) local c, d = ...; local e = ...; return c, d, e, ... end
local function tail() return f(), 1 end local function tail2() return f() end local function tail3() return (f()) end
local function tail4(...) return ... end local function tail5(...) return f(...) end
local function rec() return rec() end
for i = 1, 10 do end for i = 1, 10, 2 do local x = i end for i = a, b, c do print(i) end
for i = 1, 3 do local x = function() return i end end
for k, v in pairs(t) do end for k in next, t do print(k) end for a, b, c, d in f, g, h, i do local z = a end
for k in f() do for j in g() do if k then break end end end
for i = 1, 3 do for j = 1, 3 do if j == 2 then goto continue end print(j) ::continue:: end end
do goto done; local x ::done:: end
do ::back:: local y = f(); if y then goto back end; local z = function() return y end end
do local x; ::l1:: local y; local function g() return x, y end; if a then goto l1 end end
while a do local z = 1; local function g() return z end; if b then goto out end; if c then break end end ::out::
do goto e1; ::e0:: f(); ::e1:: if a then goto e0 end ; ; ::e2:: ; end
repeat local z; local g = function() return z end; if z then goto cont end; g() ::cont:: until true
if a then goto x1 elseif b then goto x2 else goto x3 end ::x1:: ::x2:: ::x3::
if a then goto x4 else f() end ::x4:: ;
if a then ; ; break_ = 1 end
if a then goto x5; f() end f() ::x5::
for i = 1, 2 do if i then break end; if i then ;break end; if i then break; end; if i then do break end end end
for i = 1, 2 do local z; f(function() return z end); if z then break end; goto n; ::n:: end
for i = 1, 2 do goto n; local z; ::n:: end
