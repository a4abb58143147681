//! Every message the library can produce, once. `%s` string, `%d` integer, `%c` byte, `%f` number, `%p` pointer, `%%`
//! percent.
//!
//! The texts are PUC 5.2's where PUC has one: scripts and tests match on them.

use crate::num;
use crate::throw::LResult;
use core::ffi::c_void;

/// Argument of a message format.
#[derive(Clone, Copy)]
pub enum Arg<'a> {
    S(&'a [u8]),
    D(i64),
    C(u8),
    F(f64),
    P(*const c_void),
}

impl Arg<'_> {
    /// Gives the argument's text to `out`.
    #[inline(always)]
    fn write(self, out: &mut dyn FnMut(&[u8]) -> LResult<()>) -> LResult<()> {
        let mut text = [0u8; num::NUMBER_BUFFER];
        let n = match self {
            Arg::S(s) => return out(s),
            Arg::C(c) => return out(&[c]),
            Arg::D(d) => num::format_signed(d, &mut text),
            Arg::F(f) => num::format_g14(f, &mut text),
            Arg::P(p) => num::format_pointer(p, &mut text),
        };
        out(&text[..n])
    }
}

/// Gives the pieces of the text that `fmt` stands for to `out`, in order; `next` gives the argument for a letter. The
/// result is the first letter that stands for nothing, if there is one: the text ends before it. (It is compiled into
/// its two callers: a call for each piece takes longer than most pieces.)
#[inline(always)]
pub fn write<'a>(
    fmt: &[u8],
    next: &mut dyn FnMut(u8) -> Option<Arg<'a>>,
    out: &mut dyn FnMut(&[u8]) -> LResult<()>,
) -> LResult<Option<u8>> {
    let mut rest = fmt;
    while let Some(at) = rest.iter().position(|&c| c == b'%') {
        if at > 0 {
            out(&rest[..at])?;
        }
        let letter = rest.get(at + 1).copied().unwrap_or(0);
        match letter {
            b'%' => out(b"%")?,
            b's' | b'd' | b'c' | b'f' | b'p' => match next(letter) {
                Some(arg) => arg.write(out)?,
                None => debug_assert!(false, "a message format with too few arguments"),
            },
            _ => return Ok(Some(letter)),
        }
        rest = rest.get(at + 2..).unwrap_or(&[]);
    }
    if !rest.is_empty() {
        out(rest)?;
    }
    Ok(None)
}

// memory and limits
pub const NOT_ENOUGH_MEMORY: &str = "not enough memory";
pub const BLOCK_TOO_BIG: &str = "memory allocation error: block too big";
pub const TABLE_OVERFLOW: &str = "table overflow";
pub const TOO_MANY_LIMIT: &str = "too many %s (limit is %d)";
pub const INTERRUPTED: &str = "interrupted";
pub const STEP_LIMIT: &str = "step limit reached";
pub const TIME_LIMIT: &str = "time limit reached";
pub const STACK_OVERFLOW: &str = "stack overflow";
pub const C_STACK_OVERFLOW: &str = "C stack overflow";
pub const ERROR_IN_ERROR_HANDLING: &str = "error in error handling";
/// The error object when a pcall of the C++ flavour stops a C++ exception.
pub const CXX_EXCEPTION: &str = "C++ exception";
pub const STRING_LENGTH_OVERFLOW: &str = "string length overflow";

// run-time errors
pub const INDEX_IS_NIL: &str = "table index is nil";
pub const INDEX_IS_NAN: &str = "table index is NaN";
pub const INVALID_KEY_TO_NEXT: &str = "invalid key to 'next'";
pub const LOOP_IN_GETTABLE: &str = "loop in gettable";
pub const LOOP_IN_SETTABLE: &str = "loop in settable";
pub const ATTEMPT_TO: &str = "attempt to %s a %s value";
pub const ATTEMPT_TO_NAMED: &str = "attempt to %s %s '%s' (a %s value)";
pub const COMPARE_SAME: &str = "attempt to compare two %s values";
pub const COMPARE_DIFFERENT: &str = "attempt to compare %s with %s";
pub const FOR_LIMIT: &str = "'for' limit must be a number";
pub const FOR_STEP: &str = "'for' step must be a number";
pub const FOR_INITIAL: &str = "'for' initial value must be a number";
pub const GC_METAMETHOD: &str = "error in __gc metamethod (%s)";
pub const NO_MESSAGE: &str = "no message";
pub const POSITION: &str = "%s:%d: %s";

// coroutines
pub const YIELD_ACROSS_C: &str = "attempt to yield across a C-call boundary";
pub const YIELD_OUTSIDE: &str = "attempt to yield from outside a coroutine";
pub const RESUME_NON_SUSPENDED: &str = "cannot resume non-suspended coroutine";
pub const RESUME_DEAD: &str = "cannot resume dead coroutine";

// loading
pub const LOAD_MODE: &str = "attempt to load a %s chunk (mode is '%s')";
pub const PRECOMPILED: &str = "%s: %s precompiled chunk";
pub const TRUNCATED: &str = "truncated";
pub const NOT_A_CHUNK: &str = "not a";
pub const OTHER_VERSION: &str = "version mismatch in";
pub const INCOMPATIBLE: &str = "incompatible";
pub const CORRUPTED: &str = "corrupted";
pub const BAD_BINARY_FORMAT: &str = "%s: bad binary format (%s)";
pub const TOO_MANY_LEVELS: &str = "too many nested functions";
pub const BAD_CONSTANT: &str = "invalid constant";
pub const BAD_UPVALUE_NAMES: &str = "too many upvalue names";
pub const BAD_STACK_SIZE: &str = "invalid stack size";
pub const BAD_UPVALUE: &str = "invalid upvalue";
pub const BAD_LINES: &str = "invalid line information";
pub const BAD_OPCODE: &str = "invalid opcode";
pub const NO_RETURN: &str = "no return at the end";
pub const BAD_REGISTER: &str = "register out of range";
pub const BAD_CONSTANT_INDEX: &str = "constant out of range";
pub const BAD_JUMP: &str = "jump out of range";
pub const BAD_SEQUENCE: &str = "invalid sequence of instructions";
pub const BAD_OPERAND: &str = "invalid operand";
pub const BAD_FOR_LOOP: &str = "invalid 'for' loop";
pub const BAD_FUNCTION_INDEX: &str = "function out of range";
pub const BAD_VARARG: &str = "'...' outside a vararg function";
pub const UNWRITTEN_REGISTER: &str = "register used before it has a value";

// library bit32
pub const FIELD_NEGATIVE: &str = "field cannot be negative";
pub const WIDTH_NOT_POSITIVE: &str = "width must be positive";
pub const NON_EXISTENT_BITS: &str = "trying to access non-existent bits";

// library math
pub const EMPTY_INTERVAL: &str = "interval is empty";
pub const WRONG_NUMBER_OF_ARGUMENTS: &str = "wrong number of arguments";

// library package
pub const NO_FILE: &str = "\n\tno file '%s'";
pub const NO_PRELOAD: &str = "\n\tno field package.preload['%s']";
pub const NO_MODULE_IN_FILE: &str = "\n\tno module '%s' in file '%s'";
pub const PATH_NOT_A_STRING: &str = "'package.%s' must be a string";
pub const SEARCHERS_NOT_A_TABLE: &str = "'package.searchers' must be a table";
pub const LOAD_MODULE: &str = "error loading module '%s' from file '%s':\n\t%s";
pub const MODULE_NOT_FOUND: &str = "module '%s' not found:%s";
pub const MODULE_CALLER: &str = "'module' not called from a Lua function";
pub const OPEN_FUNCTION: &str = "luaopen_%s";

// library io
pub const STANDARD_FILE: &str = "cannot close standard file";
pub const CLOSED_FILE: &str = "attempt to use a closed file";
pub const INVALID_MODE: &str = "invalid mode";
pub const CANNOT_OPEN_FILE: &str = "cannot open file '%s' (%s)";
pub const STANDARD_FILE_CLOSED: &str = "standard %s file is closed";
pub const TOO_MANY_OPTIONS: &str = "too many options";
pub const FILE_ALREADY_CLOSED: &str = "file is already closed";
pub const TOO_MANY_ARGUMENTS: &str = "too many arguments";
pub const INVALID_READ_OPTION: &str = "invalid option";
pub const INVALID_FORMAT: &str = "invalid format";
pub const NOT_AN_INTEGER: &str = "not an integer in proper range";

// library os
pub const NO_UNIQUE_NAME: &str = "unable to generate a unique filename";
pub const DATE_FIELD: &str = "field '%s' missing in date table";
pub const INVALID_CONVERSION: &str = "invalid conversion specifier '%%%s'";

// library debug
pub const FULL_USERDATA_EXPECTED: &str = "full userdata expected, got light userdata";
pub const FUNCTION_OR_LEVEL: &str = "function or level expected";
pub const INVALID_INFO_OPTION: &str = "invalid option";
pub const LEVEL_OUT_OF_RANGE: &str = "level out of range";
pub const INVALID_UPVALUE: &str = "invalid upvalue index";
pub const LUA_FUNCTION_EXPECTED: &str = "Lua function expected";

// auxiliary library
pub const MULTIPLE_VMS: &str = "multiple Lua VMs detected";
pub const VERSION_MISMATCH: &str = "version mismatch: app. needs %f, Lua core provides %f";
pub const INVALID_OPTION: &str = "invalid option '%s'";
pub const TOO_MANY_UPVALUES: &str = "too many upvalues";
pub const MODULE_NAME_CONFLICT: &str = "name conflict for module '%s'";

// basic library
pub const TOSTRING_RESULT: &str = "'tostring' must return a string to 'print'";
pub const BASE_OUT_OF_RANGE: &str = "base out of range";
pub const NIL_OR_TABLE_EXPECTED: &str = "nil or table expected";
pub const PROTECTED_METATABLE: &str = "cannot change a protected metatable";
pub const TABLE_OR_STRING_EXPECTED: &str = "table or string expected";
pub const INDEX_OUT_OF_RANGE: &str = "index out of range";
pub const ASSERTION_FAILED: &str = "assertion failed!";
pub const VALUE_EXPECTED: &str = "value expected";
pub const TOO_MANY_NESTED: &str = "too many nested functions";
pub const READER_RESULT: &str = "reader function must return a string";

// library coroutine
pub const COROUTINE_EXPECTED: &str = "coroutine expected";
pub const TOO_MANY_RESUME_ARGUMENTS: &str = "too many arguments to resume";
pub const TOO_MANY_RESUME_RESULTS: &str = "too many results to resume";

// library table
pub const POSITION_OUT_OF_BOUNDS: &str = "position out of bounds";
pub const INSERT_ARGUMENTS: &str = "wrong number of arguments to 'insert'";
pub const TOO_MANY_UNPACKED: &str = "too many results to unpack";
pub const CONCAT_VALUE: &str = "invalid value (%s) at index %d in table for 'concat'";
pub const INVALID_ORDER: &str = "invalid order function for sorting";

// library string
pub const NO_VALUE: &str = "no value";
pub const VALUE_OUT_OF_RANGE: &str = "value out of range";
pub const SLICE_TOO_LONG: &str = "string slice too long";
pub const RESULT_TOO_LARGE: &str = "resulting string too large";
pub const UNABLE_TO_DUMP: &str = "unable to dump given function";
pub const REPEATED_FLAGS: &str = "invalid format (repeated flags)";
pub const FORMAT_TOO_LONG: &str = "invalid format (width or precision too long)";
pub const INVALID_FORMAT_OPTION: &str = "invalid option '%%%c' to 'format'";
pub const NOT_IN_RANGE: &str = "not a number in proper range";
pub const NOT_NON_NEGATIVE: &str = "not a non-negative number in proper range";
pub const PATTERN_ENDS_WITH_PERCENT: &str = "malformed pattern (ends with '%%')";
pub const PATTERN_MISSING_BRACKET: &str = "malformed pattern (missing ']')";
pub const PATTERN_MISSING_BALANCE: &str = "malformed pattern (missing arguments to '%%b')";
pub const PATTERN_MISSING_FRONTIER: &str = "missing '[' after '%%f' in pattern";
pub const PATTERN_CAPTURE: &str = "invalid pattern capture";
pub const PATTERN_TOO_COMPLEX: &str = "pattern too complex";
pub const CAPTURE_INDEX: &str = "invalid capture index %%%d";
pub const INVALID_CAPTURE_INDEX: &str = "invalid capture index";
pub const UNFINISHED_CAPTURE: &str = "unfinished capture";
pub const TOO_MANY_CAPTURES: &str = "too many captures";
pub const INVALID_REPLACEMENT: &str = "invalid use of '%c' in replacement string";
pub const INVALID_REPLACEMENT_VALUE: &str = "invalid replacement value (a %s)";
pub const REPLACEMENT_EXPECTED: &str = "string/function/table expected";

pub const BAD_PUSHFSTRING: &str = "invalid option '%%%c' to 'lua_pushfstring'";
pub const BAD_ARGUMENT: &str = "bad argument #%d (%s)";
pub const BAD_ARGUMENT_TO: &str = "bad argument #%d to '%s' (%s)";
pub const BAD_SELF: &str = "calling '%s' on bad self (%s)";
pub const EXPECTED_GOT: &str = "%s expected, got %s";
pub const STACK_OVERFLOW_WITH: &str = "stack overflow (%s)";
pub const BUFFER_TOO_LARGE: &str = "buffer too large";
pub const LENGTH_NOT_NUMBER: &str = "object length is not a number";
pub const CANNOT_OPEN: &str = "cannot %s %s: %s";
pub const WHERE: &str = "%s:%d: ";
pub const TYPE_AT: &str = "%s: %p";

// tracebacks
pub const TRACEBACK: &str = "stack traceback:";
pub const TRACEBACK_SKIPPED: &str = "\n\t...";
pub const TRACEBACK_TAIL: &str = "\n\t(...tail calls...)";
pub const MAIN_CHUNK: &str = "main chunk";
// syntax errors
pub const NEAR: &str = "%s near %s";
pub const QUOTED: &str = "'%s'";
pub const QUOTED_BYTE: &str = "'%c'";
pub const BYTE_CODE: &str = "char(%d)";
pub const TOO_MANY_LINES: &str = "chunk has too many lines";
pub const INVALID_LONG_DELIMITER: &str = "invalid long string delimiter";
pub const MALFORMED_NUMBER: &str = "malformed number";
pub const UNFINISHED_STRING: &str = "unfinished string";
pub const UNFINISHED_LONG_STRING: &str = "unfinished long string";
pub const UNFINISHED_LONG_COMMENT: &str = "unfinished long comment";
pub const INVALID_ESCAPE: &str = "invalid escape sequence";
pub const HEX_DIGIT_EXPECTED: &str = "hexadecimal digit expected";
pub const DECIMAL_ESCAPE_TOO_LARGE: &str = "decimal escape too large";
pub const EXPECTED: &str = "%s expected";
pub const EXPECTED_TO_CLOSE: &str = "%s expected (to close %s at line %d)";
pub const UNEXPECTED_SYMBOL: &str = "unexpected symbol";
pub const SYNTAX_ERROR: &str = "syntax error";
pub const ARGUMENTS_EXPECTED: &str = "function arguments expected";
pub const PARAMETER_EXPECTED: &str = "<name> or '...' expected";
pub const FOR_SEPARATOR_EXPECTED: &str = "'=' or 'in' expected";
pub const VARARG_OUTSIDE: &str = "cannot use '...' outside a vararg function";
pub const GOTO_INTO_SCOPE: &str = "<goto %s> at line %d jumps into the scope of local '%s'";
pub const BREAK_OUTSIDE: &str = "<%s> at line %d not inside a loop";
pub const NO_VISIBLE_LABEL: &str = "no visible label '%s' for <goto> at line %d";
pub const LABEL_REPEATED: &str = "label '%s' already defined on line %d";
pub const LIMIT_IN_FUNCTION: &str = "too many %s (limit is %d) in function at line %d";
pub const LIMIT_IN_MAIN: &str = "too many %s (limit is %d) in main function";
pub const TOO_COMPLEX: &str = "function or expression too complex";
pub const CONTROL_TOO_LONG: &str = "control structure too long";
pub const CONSTRUCTOR_TOO_LONG: &str = "constructor too long";
