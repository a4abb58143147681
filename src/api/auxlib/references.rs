//! References: integer keys for values kept in a table (manual 5, `luaL_ref`).
//!
//! Free keys form a list: key 0 holds the first, each free key holds the next.

use crate::api::Lua;
use crate::consts::*;
use crate::throw::LResult;

const FREE_LIST: i32 = 0;

impl Lua {
    pub fn aux_ref(self, t: i32) -> LResult<i32> {
        if self.isnoneornil(-1) {
            self.pop(1);
            return Ok(LUA_REFNIL);
        }
        let t = self.absindex(t);
        self.rawgeti(t, FREE_LIST);
        let free = self.tointegerx(-1).unwrap_or(0) as i32;
        self.pop(1);
        let key = if free != 0 {
            self.rawgeti(t, free);
            self.rawseti(t, FREE_LIST)?;
            free
        } else {
            self.rawlen(t) as i32 + 1
        };
        self.rawseti(t, key)?;
        Ok(key)
    }
    pub fn aux_unref(self, t: i32, key: i32) -> LResult<()> {
        if key < 0 {
            return Ok(());
        }
        let t = self.absindex(t);
        self.rawgeti(t, FREE_LIST);
        self.rawseti(t, key)?;
        self.pushinteger(key as isize);
        self.rawseti(t, FREE_LIST)
    }
}
