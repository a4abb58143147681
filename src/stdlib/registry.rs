//! How the libraries list their functions: each file has its own list, [`library!`], and this one what they share.
//!
//! Invariants
//! * The builtin with number `i` and thunk `i` are the same function: the first as Lua code sees it (a value in static
//!   memory), the second as C sees it (`lua_tocfunction`, `lua_topointer`, `luaL_Stream::closef`, continuations). So no
//!   two functions have one number.
//! * Only what a library's `luaopen_*` reaches may refer to its functions, so that a linker can leave them out.

use crate::vm::thunk::THUNKS;

/// The numbers of a library's functions.
pub struct Numbers {
    pub first: usize,
    pub count: usize,
}

impl Numbers {
    /// Those that follow, for the next library.
    const fn then(&self, count: usize) -> Numbers {
        Numbers { first: self.first + self.count, count }
    }
}

pub const BASE: Numbers = Numbers { first: 0, count: 25 };
pub const COROUTINE: Numbers = BASE.then(7);
pub const TABLE: Numbers = COROUTINE.then(7);
pub const STRING: Numbers = TABLE.then(15);
pub const IO: Numbers = STRING.then(23);
pub const OS: Numbers = IO.then(11);
pub const DEBUG: Numbers = OS.then(16);
pub const PACKAGE: Numbers = DEBUG.then(9);
pub const BIT32: Numbers = PACKAGE.then(12);
pub const MATH: Numbers = BIT32.then(28);

const _: () = assert!(MATH.first + MATH.count <= THUNKS, "give builtin_thunks! a larger count");

/// A fast entry (`object::builtin::FastFn`): the body gives the result, or none when the case is not the common one.
macro_rules! fast_entry {
    (fn $name:ident($l:pat_param, $args:ident) $body:block) => {
        unsafe fn $name(
            $l: $crate::object::Gc<$crate::object::Thread>,
            $args: $crate::object::FastArguments,
            result: $crate::object::Slot,
        ) -> bool {
            let body = || -> Option<$crate::object::Value> { $body };
            match body() {
                Some(v) => {
                    // SAFETY: the caller gives a slot for the result.
                    unsafe { result.write(v) };
                    true
                }
                None => false,
            }
        }
    };
}
pub(super) use fast_entry;

/// Lists the functions of a library, whose numbers are above: defines `Id`, which names each of them, and tables, which
/// are statics, such as `luaL_setfuncs` takes. An entry reads: identifier, name in Lua, function, and optionally the
/// fast entry for the interpreter (`fast`) and which result it gives (`gives`), and what the interpreter does by itself
/// (`intrinsic`).
macro_rules! library {
    ($library:ident: $($(#[$doc:meta])* $table:ident {
        $($id:ident $name:literal $f:path $(, fast $fast:path)? $(, gives $result:ident)?
            $(, intrinsic $intrinsic:ident)?;)*
    })*) => {
        /// Names a function of this library; its value is its place among them.
        #[derive(Clone, Copy)]
        #[repr(u16)]
        pub(super) enum Id { $($($id,)*)* }

        $($(#[$doc])* static $table: [$crate::object::Builtin; [$(Id::$id,)*].len()] = [
            $($crate::api::library_function(Id::$id.number(), $name, $f)
                $(.with_fast($fast))?
                $(.with_fast_result($crate::object::FastResult::$result))?
                $(.with_intrinsic($crate::object::Intrinsic::$intrinsic))?,)*
        ];)*

        const _: () = assert!(
            [$($(Id::$id,)*)*].len() == $crate::stdlib::registry::$library.count,
            "registry.rs has another number of functions for this library"
        );

        #[allow(dead_code, reason = "not every library has functions that refer to others of it")]
        impl Id {
            /// The number of the function's thunk.
            const fn number(self) -> u16 {
                $crate::stdlib::registry::$library.first as u16 + self as u16
            }

            /// The function value. To be called on a constant: what remains then is the address of one table.
            #[inline(always)]
            pub(super) fn builtin(self) -> &'static $crate::object::Builtin {
                $({
                    const FIRST: usize = [$(Id::$id as usize),*][0];
                    if let Some(b) = (self as usize).checked_sub(FIRST).and_then(|i| $table.get(i)) {
                        return b;
                    }
                })*
                unreachable!()
            }

            /// The same function as C sees it.
            #[inline(always)]
            fn c_function(self) -> $crate::object::lua_CFunction {
                $crate::vm::thunk::c_of_builtin(self.builtin())
            }
        }
    };
}
pub(super) use library;
