//! What waits for the binary form of chunks.
use super::*;

impl Lua {
    pub fn dump(self, _writer: lua_Writer, _data: *mut c_void) -> LResult<i32> {
        todo!()
    }
}
