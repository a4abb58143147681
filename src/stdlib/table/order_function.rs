//! Order functions that `table.sort` can evaluate without calling them.
//!
//! Most order functions only compare: `a > b`, `a.key < b.key`, `rank[a] < rank[b]`. Nobody can tell whether such a
//! function was really called, so its bytecode is evaluated on the spot, which takes a fraction of a call.
//!
//! Invariants
//! * Only instructions without effects are evaluated, and jumps only go forward, so an evaluation ends and can be given
//!   up anywhere: then the function is called as if nothing had happened. It is given up for everything that a
//!   metamethod or an error message could have a part in.
//! * Nothing is allocated, so the values in registers need no anchor.
//! * The prototype was made by the compiler or passed the verifier: constants and upvalues exist, and registers are
//!   below `maxstacksize`.

use crate::api::Lua;
use crate::code::bytecode::{Instruction, Op, is_k, k_index};
use crate::num;
use crate::object::{Gc, Global, LuaClosure, Str, Value};
use crate::vm::meta::compare_strings;
use core::cmp::Ordering;

/// Largest frame evaluated here. A power of two.
const REGISTERS: usize = 16;

#[derive(Clone, Copy)]
pub struct OrderFunction {
    closure: Gc<LuaClosure>,
    /// byte order is the order of strings
    plain_strings: bool,
}

impl OrderFunction {
    /// The function, when its bytecode is simple enough. `plain_strings` as in the locale in force.
    pub fn new(function: Value, plain_strings: bool) -> Option<OrderFunction> {
        let closure = function.as_lua_closure()?;
        let p = closure.proto;
        if p.numparams() != 2 || p.is_vararg() || p.maxstacksize() as usize > REGISTERS {
            return None;
        }
        let simple = p.code.cells().iter().all(|c| {
            let i = Instruction(c.get());
            match i.op() {
                Op::Move
                | Op::LoadK
                | Op::LoadBool
                | Op::LoadNil
                | Op::GetUpval
                | Op::GetTabUp
                | Op::GetTable
                | Op::Add
                | Op::Sub
                | Op::Mul
                | Op::Div
                | Op::Mod
                | Op::Unm
                | Op::Not
                | Op::Len
                | Op::Eq
                | Op::Lt
                | Op::Le
                | Op::Test
                | Op::TestSet => true,
                // A jump that closes upvalues belongs to a block that has some.
                Op::Jmp => i.a() == 0 && i.sbx() >= 0,
                Op::Return => i.b() == 1 || i.b() == 2,
                _ => false,
            }
        });
        simple.then_some(OrderFunction { closure, plain_strings })
    }

    /// Whether the function puts `a` before `b`; `None` when it has to be called to know.
    #[inline]
    pub fn evaluate(&self, l: Lua, a: Value, b: Value) -> Option<bool> {
        let p = &*self.closure.proto;
        let g = l.global();
        let (code, constants) = (p.code.cells(), p.k.cells());
        let mut registers = [Value::NIL; REGISTERS];
        (registers[0], registers[1]) = (a, b);
        let mut pc = 0;
        macro_rules! register {
            ($i:expr) => {
                registers[$i as usize & (REGISTERS - 1)]
            };
        }
        macro_rules! rk {
            ($i:expr) => {
                if is_k($i) { constants[k_index($i) as usize].get() } else { register!($i) }
            };
        }
        macro_rules! arithmetic {
            ($i:ident, |$x:ident, $y:ident| $result:expr) => {{
                let ($x, $y) = (rk!($i.b()).as_number()?, rk!($i.c()).as_number()?);
                register!($i.a()) = Value::number($result);
            }};
        }
        macro_rules! test {
            ($i:ident, $outcome:expr) => {
                if $outcome != ($i.a() != 0) {
                    pc += 1;
                }
            };
        }
        loop {
            let i = Instruction(code[pc].get());
            pc += 1;
            match i.op() {
                Op::Move => register!(i.a()) = register!(i.b()),
                Op::LoadK => register!(i.a()) = constants[i.bx() as usize].get(),
                Op::LoadBool => {
                    register!(i.a()) = Value::boolean(i.b() != 0);
                    pc += (i.c() != 0) as usize;
                }
                Op::LoadNil => (i.a()..=i.a() + i.b()).for_each(|r| register!(r) = Value::NIL),
                Op::GetUpval => register!(i.a()) = self.closure.upval(i.b() as usize).get(),
                Op::GetTabUp => {
                    register!(i.a()) = index(g, self.closure.upval(i.b() as usize).get(), rk!(i.c()))?
                }
                Op::GetTable => register!(i.a()) = index(g, register!(i.b()), rk!(i.c()))?,
                Op::Add => arithmetic!(i, |x, y| x + y),
                Op::Sub => arithmetic!(i, |x, y| x - y),
                Op::Mul => arithmetic!(i, |x, y| x * y),
                Op::Div => arithmetic!(i, |x, y| x / y),
                Op::Mod => arithmetic!(i, |x, y| num::modulo(x, y)),
                Op::Unm => register!(i.a()) = Value::number(-register!(i.b()).as_number()?),
                Op::Not => register!(i.a()) = Value::boolean(register!(i.b()).is_falsy()),
                Op::Len => register!(i.a()) = Value::number(length(g, register!(i.b()))?),
                Op::Jmp => pc += i.sbx() as usize,
                Op::Eq => test!(i, equal(rk!(i.b()), rk!(i.c()))?),
                Op::Lt => test!(i, self.compare(rk!(i.b()), rk!(i.c()), |x, y| x < y, Ordering::is_lt)?),
                Op::Le => test!(i, self.compare(rk!(i.b()), rk!(i.c()), |x, y| x <= y, Ordering::is_le)?),
                Op::Test => {
                    if register!(i.a()).is_falsy() == (i.c() != 0) {
                        pc += 1;
                    }
                }
                Op::TestSet => {
                    let v = register!(i.b());
                    if v.is_falsy() == (i.c() != 0) {
                        pc += 1;
                    } else {
                        register!(i.a()) = v;
                    }
                }
                Op::Return => return Some(i.b() == 2 && !register!(i.a()).is_falsy()),
                _ => return None,
            }
        }
    }

    #[inline(always)]
    fn compare(
        &self,
        a: Value,
        b: Value,
        numbers: impl Fn(f64, f64) -> bool,
        strings: impl Fn(Ordering) -> bool,
    ) -> Option<bool> {
        if a.is_number() && b.is_number() {
            return Some(numbers(a.raw_number(), b.raw_number()));
        }
        let (a, b): (Gc<Str>, Gc<Str>) = (a.as_string()?, b.as_string()?);
        Some(strings(if self.plain_strings { a.bytes().cmp(b.bytes()) } else { compare_strings(a, b) }))
    }
}

/// A field of a table, unless its metatable might have a say.
#[inline(always)]
fn index(g: &Global, t: Value, key: Value) -> Option<Value> {
    let t = t.as_table()?;
    let v = t.get(g, key);
    (!v.is_nil() || t.metatable.get().is_none()).then_some(v)
}

fn length(g: &Global, v: Value) -> Option<f64> {
    if let Some(s) = v.as_string() {
        return Some(s.len() as f64);
    }
    let t = v.as_table()?;
    t.metatable.get().is_none().then(|| t.length(g) as f64)
}

/// Equality, unless an `__eq` might decide it.
#[inline(always)]
fn equal(a: Value, b: Value) -> Option<bool> {
    if a.raw_equal(b) {
        return Some(true);
    }
    let plain =
        |v: Value| v.as_userdata().is_none() && v.as_table().is_none_or(|t| t.metatable.get().is_none());
    (plain(a) || plain(b)).then_some(false)
}
