// lua.hpp: the three headers for C++.
extern "C" {
#include "lua.h"
#include "lualib.h"
#include "lauxlib.h"
}
