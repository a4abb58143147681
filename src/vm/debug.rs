//! Debug interface and hooks (being written).
use crate::api::Bytes;
use crate::object::{CallInfo, Lua, Value};
use crate::throw::LResult;

pub fn add_position(l: Lua) -> LResult<()> {
    let _ = l;
    Ok(())
}
pub fn var_info(l: Lua, slot: *const Value) -> Option<(&'static str, Bytes)> {
    let _ = (l, slot);
    None
}
pub fn call_hook(l: Lua, event: i32, line: i32) -> LResult<()> {
    let _ = (l, event, line);
    Ok(())
}
pub fn trace_exec(l: Lua) -> LResult<()> {
    let _ = l;
    Ok(())
}
#[allow(unused)]
fn unused(_: &CallInfo) {}
