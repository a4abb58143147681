//! The standard library.
//!
//! Every function of it is in one list, [`registry!`]: the static function values, the C function pointers that stand
//! for them, and the tables the `luaopen_*` functions fill all derive from it. To add a function, add its line.
//!
//! Invariants
//! * The builtin with number `i` and thunk `i` are the same function: the first as Lua code sees it (a value in static
//!   memory), the second as C sees it (`lua_tocfunction`, `lua_topointer`, `luaL_Stream::closef`, continuations).
//! * Only what a library's `luaopen_*` reaches may refer to its functions, so that a linker can leave them out.
//! * A library function that has upvalues is a C closure whose `builtin` is set; it finds them at
//!   `lua_upvalueindex(i)` like any C function.

use crate::api::Bytes;
use crate::api::{Lua, library_function};
use crate::object::{Builtin, FastResult, Interior, Intrinsic, Value, lua_CFunction};
use crate::throw::LResult;
use crate::vm::thunk::{THUNKS, builtin_of_c, c_of_builtin};
use core::ffi::CStr;

pub mod base;
pub mod bit32;
pub mod coroutine;
pub mod debug;
pub mod io;
pub mod math;
#[cfg(feature = "stress-finalizers")]
mod mischief;
pub mod os;
pub mod package;
pub mod string;
pub mod table;

/// Defines [`Id`] and the tables, each a static of its own: a program that is linked with the archive keeps those of the
/// libraries it opens. An entry reads: identifier, name in Lua, function, and optionally the fast entry for the
/// interpreter (`fast`) and which result it gives (`gives`), and what the interpreter does by itself (`intrinsic`).
macro_rules! registry {
    ($($(#[$doc:meta])* $table:ident {
        $($id:ident $name:literal $f:path $(, fast $fast:path)? $(, gives $result:ident)?
            $(, intrinsic $intrinsic:ident)?;)*
    })*) => {
        /// Names a library function; its value is the number of the function's thunk.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub enum Id { $($($id,)*)* }

        const COUNT: usize = [$($(Id::$id,)*)*].len();

        $($(#[$doc])* pub static $table: [Builtin; [$(Id::$id,)*].len()] = [
            $(library_function(Id::$id as u16, $name, $f)
                $(.with_fast($fast))?
                $(.with_fast_result(FastResult::$result))?
                $(.with_intrinsic(Intrinsic::$intrinsic))?,)*
        ];)*

        impl Id {
            /// The function value. To be called on a constant: what remains then is the address of one table.
            #[inline(always)]
            pub fn builtin(self) -> &'static Builtin {
                $({
                    const FIRST: usize = [$(Id::$id as usize),*][0];
                    if let Some(b) = (self as usize).checked_sub(FIRST).and_then(|i| $table.get(i)) {
                        return b;
                    }
                })*
                unreachable!()
            }
        }
    };
}

registry! {
    BASE {
        Assert "assert" base::assert, fast base::assert_fast;
        Collectgarbage "collectgarbage" base::collectgarbage;
        Dofile "dofile" base::dofile;
        Error "error" base::error;
        Getmetatable "getmetatable" base::getmetatable, fast base::getmetatable_fast;
        Ipairs "ipairs" base::ipairs;
        Loadfile "loadfile" base::loadfile;
        Load "load" base::load;
        Next "next" base::next, fast base::next_fast, gives First, intrinsic Next;
        Pairs "pairs" base::pairs;
        Pcall "pcall" base::pcall, intrinsic Pcall;
        Print "print" base::print;
        Rawequal "rawequal" base::rawequal, fast base::rawequal_fast;
        Rawlen "rawlen" base::rawlen, fast base::rawlen_fast;
        Rawget "rawget" base::rawget, fast base::rawget_fast;
        Rawset "rawset" base::rawset, fast base::rawset_fast;
        Select "select" base::select, fast base::select_fast, gives First;
        Setmetatable "setmetatable" base::setmetatable, fast base::setmetatable_fast;
        Tonumber "tonumber" base::tonumber, fast base::tonumber_fast;
        Tostring "tostring" base::tostring, fast base::tostring_fast;
        Type "type" base::type_, fast base::type_fast;
        Xpcall "xpcall" base::xpcall, intrinsic Xpcall;
    }
    COROUTINE {
        CoCreate "create" coroutine::create;
        CoResume "resume" coroutine::resume;
        CoRunning "running" coroutine::running;
        CoStatus "status" coroutine::status;
        CoWrap "wrap" coroutine::wrap;
        CoYield "yield" coroutine::yield_;
    }
    TABLE {
        TableConcat "concat" table::concat;
        TableMaxn "maxn" table::maxn;
        TableInsert "insert" table::insert, fast table::insert_fast, gives None;
        TablePack "pack" table::pack;
        TableUnpack "unpack" table::unpack;
        TableRemove "remove" table::remove, fast table::remove_fast;
        TableSort "sort" table::sort;
    }
    STRING {
        StringByte "byte" string::byte, fast string::byte_fast;
        StringChar "char" string::char, fast string::char_fast;
        StringDump "dump" string::dump;
        StringFind "find" string::find;
        StringFormat "format" string::format;
        StringGmatch "gmatch" string::gmatch;
        StringGsub "gsub" string::gsub;
        StringLen "len" string::len, fast string::len_fast;
        StringLower "lower" string::lower, fast string::lower_fast;
        StringMatch "match" string::match_;
        StringRep "rep" string::rep, fast string::rep_fast;
        StringReverse "reverse" string::reverse, fast string::reverse_fast;
        StringSub "sub" string::sub, fast string::sub_fast;
        StringUpper "upper" string::upper, fast string::upper_fast;
    }
    IO {
        IoClose "close" io::close;
        IoFlush "flush" io::flush;
        IoInput "input" io::input;
        IoLines "lines" io::lines;
        IoOpen "open" io::io_open;
        IoOutput "output" io::output;
        IoPopen "popen" io::popen;
        IoRead "read" io::read;
        IoTmpfile "tmpfile" io::tmpfile;
        IoType "type" io::type_;
        IoWrite "write" io::write;
    }
    OS {
        OsClock "clock" os::os_clock;
        OsDate "date" os::date;
        OsDifftime "difftime" os::difftime;
        OsExecute "execute" os::execute;
        OsExit "exit" os::exit;
        OsGetenv "getenv" os::getenv;
        OsRemove "remove" os::os_remove;
        OsRename "rename" os::os_rename;
        OsSetlocale "setlocale" os::setlocale;
        OsTime "time" os::time;
        OsTmpname "tmpname" os::tmpname;
    }
    DEBUG {
        DebugDebug "debug" debug::debug;
        DebugGethook "gethook" debug::gethook;
        DebugGetinfo "getinfo" debug::getinfo;
        DebugGetlocal "getlocal" debug::getlocal;
        DebugGetmetatable "getmetatable" debug::getmetatable;
        DebugGetregistry "getregistry" debug::getregistry;
        DebugGetupvalue "getupvalue" debug::getupvalue;
        DebugGetuservalue "getuservalue" debug::getuservalue;
        DebugSethook "sethook" debug::sethook;
        DebugSetlocal "setlocal" debug::setlocal;
        DebugSetmetatable "setmetatable" debug::setmetatable;
        DebugSetupvalue "setupvalue" debug::setupvalue;
        DebugSetuservalue "setuservalue" debug::setuservalue;
        DebugTraceback "traceback" debug::traceback;
        DebugUpvalueid "upvalueid" debug::upvalueid;
        DebugUpvaluejoin "upvaluejoin" debug::upvaluejoin;
    }
    PACKAGE {
        PackageLoadlib "loadlib" package::loadlib;
        PackageSearchpath "searchpath" package::searchpath;
        PackageSeeall "seeall" package::seeall;
    }
    /// Global functions that belong to `package`, their upvalue.
    PACKAGE_GLOBALS {
        Module "module" package::module;
        Require "require" package::require;
    }
    BIT32 {
        Bit32Arshift "arshift" bit32::arshift, fast bit32::arshift_fast;
        Bit32Band "band" bit32::band, fast bit32::band_fast;
        Bit32Bnot "bnot" bit32::bnot, fast bit32::bnot_fast;
        Bit32Bor "bor" bit32::bor, fast bit32::bor_fast;
        Bit32Bxor "bxor" bit32::bxor, fast bit32::bxor_fast;
        Bit32Btest "btest" bit32::btest, fast bit32::btest_fast;
        Bit32Extract "extract" bit32::extract, fast bit32::extract_fast;
        Bit32Lrotate "lrotate" bit32::lrotate, fast bit32::lrotate_fast;
        Bit32Lshift "lshift" bit32::lshift, fast bit32::lshift_fast;
        Bit32Replace "replace" bit32::replace, fast bit32::replace_fast;
        Bit32Rrotate "rrotate" bit32::rrotate, fast bit32::rrotate_fast;
        Bit32Rshift "rshift" bit32::rshift, fast bit32::rshift_fast;
    }
    MATH {
        MathAbs "abs" math::abs, fast math::abs_fast;
        MathAcos "acos" math::acos, fast math::acos_fast;
        MathAsin "asin" math::asin, fast math::asin_fast;
        MathAtan2 "atan2" math::atan2, fast math::atan2_fast;
        MathAtan "atan" math::atan, fast math::atan_fast;
        MathCeil "ceil" math::ceil, fast math::ceil_fast;
        MathCosh "cosh" math::cosh, fast math::cosh_fast;
        MathCos "cos" math::cos, fast math::cos_fast;
        MathDeg "deg" math::deg, fast math::deg_fast;
        MathExp "exp" math::exp, fast math::exp_fast;
        MathFloor "floor" math::floor, fast math::floor_fast;
        MathFmod "fmod" math::fmod, fast math::fmod_fast;
        MathFrexp "frexp" math::frexp;
        MathLdexp "ldexp" math::ldexp, fast math::ldexp_fast;
        MathLog10 "log10" math::log10, fast math::log10_fast;
        MathLog "log" math::log, fast math::log_fast;
        MathMax "max" math::max, fast math::max_fast;
        MathMin "min" math::min, fast math::min_fast;
        MathModf "modf" math::modf, fast math::modf_fast, gives First;
        MathPow "pow" math::pow, fast math::pow_fast;
        MathRad "rad" math::rad, fast math::rad_fast;
        MathRandom "random" math::random, fast math::random_fast;
        MathRandomseed "randomseed" math::randomseed;
        MathSinh "sinh" math::sinh, fast math::sinh_fast;
        MathSin "sin" math::sin, fast math::sin_fast;
        MathSqrt "sqrt" math::sqrt, fast math::sqrt_fast;
        MathTanh "tanh" math::tanh, fast math::tanh_fast;
        MathTan "tan" math::tan, fast math::tan_fast;
    }
    /// Methods of file handles, but `close`, which is the library's function of that name.
    FILE {
        FileFlush "flush" io::file_flush;
        FileLines "lines" io::file_lines;
        FileRead "read" io::file_read;
        FileSeek "seek" io::file_seek;
        FileSetvbuf "setvbuf" io::file_setvbuf;
        FileWrite "write" io::file_write;
        FileGc "__gc" io::file_gc;
        FileTostring "__tostring" io::file_tostring;
    }
    // Functions that are reached only through other ones: iterators, loaders, continuations.
    BASE_HIDDEN {
        IpairsIterator "ipairs iterator" base::ipairs_iterator, intrinsic IpairsStep;
        PcallContinuation "pcall continuation" base::pcall_continuation;
        DofileContinuation "dofile continuation" base::dofile_continuation;
    }
    IO_HIDDEN {
        LinesIterator "lines iterator" io::lines_iterator;
        CloseFile "close file" io::close_file;
        ClosePipe "close pipe" io::close_pipe;
        KeepStandardFile "keep standard file" io::keep_standard_file;
    }
    PACKAGE_HIDDEN {
        SearcherPreload "preload searcher" package::searcher_preload;
        SearcherLua "Lua searcher" package::searcher_lua;
        SearcherC "C searcher" package::searcher_c;
        SearcherCroot "C root searcher" package::searcher_croot;
    }
    COROUTINE_HIDDEN {
        Wrapped "wrapped coroutine" coroutine::wrapped;
    }
    STRING_HIDDEN {
        StringGmatchNext "gmatch iterator" string::gmatch_next;
    }
}

impl Id {
    /// The same function as C sees it.
    #[inline(always)]
    pub fn c_function(self) -> lua_CFunction {
        c_of_builtin(self.builtin())
    }
}

const _: () = assert!(COUNT <= THUNKS, "give builtin_thunks! a larger count");

/// Argument `i` of the running function, which has that many.
#[inline(always)]
fn argument(l: Lua, i: i32) -> Value {
    debug_assert!(i >= 1 && i <= l.gettop());
    // SAFETY: arguments follow the function's slot.
    unsafe { l.call_info().func.get().above(i as usize).read() }
}

/// Calls a C function in the running function's frame.
fn call_c(l: Lua, f: lua_CFunction) -> LResult<i32> {
    match builtin_of_c(f) {
        Some(b) => (b.f)(*l),
        None => crate::vm::call::native::call_c(*l, f),
    }
}

/// A string as C sees it: up to its first zero byte, with its terminator.
fn c_string(s: Bytes) -> Interior<CStr> {
    // SAFETY: `Bytes` are zero-terminated in memory; they belong to the same string.
    unsafe { Interior::new(CStr::from_ptr(s.as_ptr().cast())) }
}
