//! Variable arguments.

use crate::object::{FrameRef, Gc, Thread};
use crate::throw::LResult;
use crate::vm::stack;

/// Copies the varargs of the frame to `to`; `wanted` of them, or all (-1).
#[inline(never)]
pub(crate) fn copy_varargs(l: Gc<Thread>, ci: FrameRef, a: usize, wanted: i32) -> LResult<()> {
    let params = ci.lua_closure().proto.numparams() as usize;
    let count = |ci: FrameRef| ci.base.get().slots_above(ci.func.get()) - 1 - params;
    let have = count(ci);
    let n = if wanted < 0 {
        stack::check(l, have)?;
        l.top.set(ci.base.get().above(a + have));
        have
    } else {
        wanted as usize
    };
    let to = ci.base.get().above(a);
    let from = ci.func.get().above(1 + params);
    let copied = n.min(have);
    for i in 0..copied {
        // SAFETY: varargs lie between the function and the base; room was made above or is in the frame.
        unsafe { to.above(i).write(from.above(i).read()) };
    }
    stack::fill(to.above(copied), n - copied);
    Ok(())
}
