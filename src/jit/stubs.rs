//! The way into native code and out of it, and the way from native code to functions in Rust.
//!
//! Native code has one frame on the native stack for any number of Lua frames. From its stack pointer upwards:
//!
//! ```text
//!   0  free for stubs                  40  r15 r14 r13 r12 rbx rbp
//!   8  free for stubs                  88  return address
//!  16  the tag of tables
//!  24  the tag of functions
//!  32  `FUNCTIONS`
//! ```
//!
//! Registers, all of which a callee keeps: rbx the frame's first register, rbp its constants, r12 the thread, r13 nil
//! (which is also the least bit pattern that is no number), r14 the `CallInfo`, r15 the closure.
//!
//! Rules
//! 1. Whatever can reach foreign code is called by a trampoline here. Native code jumps to it, with the place to go on
//!    in rcx. So while foreign code runs, no return address leads into memory that an unwinder knows nothing of:
//!    debuggers and the search for a C++ handler see a frame of this file, whose CFI is exact.
//! 2. Calls and returns are balanced.
//! 3. Where the frame goes on after a helper is in its `CallInfo::returns_to`: whoever changes a register of a Lua
//!    frame from outside puts `changed` there, so that code which relies on what it knew of the register does not go
//!    on.
//! 4. What a trampoline's helper returns: 0 go on here; 1 likewise, for comparisons that hold; negative leave, with
//!    that number for `enter` to return; all else is the address of native code of the frame that is now the current
//!    one.

use super::helpers::{self, length, modulo, power};
use super::interface::{
    FUNCTION_TAG_SLOT, FUNCTIONS_SLOT, INTERPRET, Id, RETURNED, TABLE_TAG_SLOT, functions,
};
use crate::object::call_info::CallKind;
use crate::object::layout::*;
use crate::object::table::POINTER_FACTOR;
use crate::object::value::{TAG_FUNCTION, TAG_STRING, TAG_TABLE, Value};
use crate::object::{CallInfo, FastResult, Gc, Intrinsic, Kind, LuaClosure, Table, Thread};
use core::arch::naked_asm;

/// CFI of the native frame once it is in place.
macro_rules! in_frame {
    () => {
        ".cfi_def_cfa rsp, 96
         .cfi_offset rbp, -16
         .cfi_offset rbx, -24
         .cfi_offset r12, -32
         .cfi_offset r13, -40
         .cfi_offset r14, -48
         .cfi_offset r15, -56"
    };
}

/// Runs native code from `code` on, until it leaves.
///
/// # Safety
/// `ci` is the current frame of `l`, a Lua frame of this closure with these registers and constants; `code` is that of
/// the instruction at its saved pc. If the frame is plain, `returned` is where its caller goes on.
#[unsafe(naked)]
pub unsafe extern "C" fn enter(
    l: *mut Thread,
    ci: *const CallInfo,
    code: *const u8,
    base: *mut Value,
    closure: *mut LuaClosure,
    constants: *const Value,
) -> i64 {
    naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "push rbx",
        ".cfi_def_cfa_offset 24",
        ".cfi_offset rbx, -24",
        "push r12",
        ".cfi_def_cfa_offset 32",
        ".cfi_offset r12, -32",
        "push r13",
        ".cfi_def_cfa_offset 40",
        ".cfi_offset r13, -40",
        "push r14",
        ".cfi_def_cfa_offset 48",
        ".cfi_offset r14, -48",
        "push r15",
        ".cfi_def_cfa_offset 56",
        ".cfi_offset r15, -56",
        "sub rsp, 40",
        ".cfi_def_cfa_offset 96",
        "mov r12, rdi",
        "mov r14, rsi",
        "mov rbx, rcx",
        "mov r15, r8",
        "mov rbp, r9",
        "mov r13, {nil}",
        "mov rax, {table_tag}",
        "mov [rsp + {table_tag_slot}], rax",
        "mov rax, {function_tag}",
        "mov [rsp + {function_tag_slot}], rax",
        "lea rax, [rip + {functions}]",
        "mov [rsp + {functions_slot}], rax",
        "jmp rdx",
        ".cfi_endproc",
        nil = const Value::NIL.0 as i64,
        table_tag = const (TAG_TABLE << 48) as i64,
        function_tag = const (TAG_FUNCTION << 48) as i64,
        functions = sym FUNCTIONS,
        table_tag_slot = const TABLE_TAG_SLOT,
        function_tag_slot = const FUNCTION_TAG_SLOT,
        functions_slot = const FUNCTIONS_SLOT,
    )
}

/// Native code jumps here to leave, with the reason in rax.
#[unsafe(naked)]
unsafe extern "C" fn leave() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        "add rsp, 40",
        ".cfi_def_cfa_offset 56",
        "pop r15",
        ".cfi_def_cfa_offset 48",
        ".cfi_restore r15",
        "pop r14",
        ".cfi_def_cfa_offset 40",
        ".cfi_restore r14",
        "pop r13",
        ".cfi_def_cfa_offset 32",
        ".cfi_restore r13",
        "pop r12",
        ".cfi_def_cfa_offset 24",
        ".cfi_restore r12",
        "pop rbx",
        ".cfi_def_cfa_offset 16",
        ".cfi_restore rbx",
        "pop rbp",
        ".cfi_def_cfa_offset 8",
        ".cfi_restore rbp",
        "ret",
        ".cfi_endproc",
    )
}

macro_rules! leave_for {
    ($reason:ident) => {
        naked_asm!(
            ".cfi_startproc",
            in_frame!(),
            "mov rax, {reason}",
            "jmp {leave}",
            ".cfi_endproc",
            reason = const $reason,
            leave = sym leave,
        )
    };
}

/// A frame whose caller does not run in this invocation of native code returns to here.
#[unsafe(naked)]
pub unsafe extern "C" fn returned() {
    leave_for!(RETURNED)
}

/// A frame of which a register was changed from outside goes on here, in the interpreter.
#[unsafe(naked)]
pub unsafe extern "C" fn changed() {
    leave_for!(INTERPRET)
}

/// The trampoline of a helper after which native code goes on at the place in rcx, or leaves.
macro_rules! trampoline {
    ($name:ident) => {{
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                in_frame!(),
                "mov [r14 + {returns_to}], rcx",
                "mov rdi, r12",
                "mov rsi, r14",
                "call {helper}",
                "test rax, rax",
                "js {leave}",
                "mov rbx, [r14 + {base}]",
                "jmp [r14 + {returns_to}]",
                ".cfi_endproc",
                helper = sym helpers::$name,
                leave = sym leave,
                returns_to = const CI_RETURNS_TO,
                base = const CI_BASE,
            )
        }
        $name
    }};
}

/// Closure and constants of the frame in r14.
macro_rules! load_closure {
    () => {
        "mov r15, [r14 + {func}]
         mov r15, [r15]
         xor r15, [rsp + {function_tag}]
         mov rbp, [r15 + {proto}]
         mov rbp, [rbp + {constants}]"
    };
}

/// Leaves with the number in rax, or goes on at that address, in the frame that is the current one now.
#[unsafe(naked)]
unsafe extern "C" fn elsewhere() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        "test rax, rax",
        "js {leave}",
        "mov r14, [r12 + {ci}]",
        "mov rbx, [r14 + {base}]",
        load_closure!(),
        "jmp rax",
        ".cfi_endproc",
        leave = sym leave,
        ci = const THREAD_CI,
        base = const CI_BASE,
        func = const CI_FUNC,
        function_tag = const FUNCTION_TAG_SLOT,
        proto = const CLOSURE_PROTO,
        constants = const PROTO_K,
    )
}

/// The trampoline of a helper that may make another frame the current one. The place in rcx is also where this frame
/// goes on when a plain call returns to it.
macro_rules! flow_trampoline {
    ($name:ident) => {{
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                in_frame!(),
                "mov [r14 + {returns_to}], rcx",
                "mov rdi, r12",
                "mov rsi, r14",
                "call {helper}",
                "cmp rax, 1",
                "ja {elsewhere}",
                "mov rbx, [r14 + {base}]",
                "jmp [r14 + {returns_to}]",
                ".cfi_endproc",
                helper = sym helpers::$name,
                elsewhere = sym elsewhere,
                returns_to = const CI_RETURNS_TO,
                base = const CI_BASE,
            )
        }
        $name
    }};
}

/// The jump to an entry of `FUNCTIONS`, whose distance there is the operand of this name. Changes rax.
#[rustfmt::skip]
macro_rules! jump_to_entry {
    ($distance:literal) => {
        concat!("mov rax, [rsp + {functions}]\n", "jmp [rax + {", $distance, "}]")
    };
}

/// Goes to the ordinary call when the function in rax is none of the library's.
#[rustfmt::skip]
macro_rules! is_builtin {
    () => {
        "cmp byte ptr [rax + {kind}], {builtin}
         jne {ordinary_call}"
    };
}

/// A call of anything.
#[unsafe(naked)]
unsafe extern "C" fn ordinary_call() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        jump_to_entry!("call"),
        ".cfi_endproc",
        functions = const FUNCTIONS_SLOT,
        call = const Id::CallFunction as i32 * 8,
    )
}

/// A call of a library function without a fast entry, which is in rax.
#[unsafe(naked)]
unsafe extern "C" fn without_fast_entry() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        "cmp byte ptr [rax + {intrinsic}], {yield}",
        "jne {ordinary_call}",
        jump_to_entry!("call_yield"),
        ".cfi_endproc",
        intrinsic = const BUILTIN_INTRINSIC,
        yield = const Intrinsic::Yield as u8,
        ordinary_call = sym ordinary_call,
        functions = const FUNCTIONS_SLOT,
        call_yield = const Id::CallYield as i32 * 8,
    )
}

/// A call for one result of a function that is not written in Lua, and may have a fast entry (`FastFn`). The function
/// is in rax, its slot in rdi, the number of arguments in rdx; native code goes on at the place in rcx. The saved pc is
/// behind the call.
#[unsafe(naked)]
unsafe extern "C" fn fast_call_1() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        is_builtin!(),
        "mov r8, [rax + {fast}]",
        "test r8, r8",
        "jz {without_fast_entry}",
        "mov [rsp + 8], rcx",
        "mov rcx, rdi",
        "lea rsi, [rdi + 8]",
        "mov rdi, r12",
        "call r8",
        "mov rcx, [rsp + 8]",
        "test al, al",
        "jz {ordinary_call}",
        "mov rax, [r14 + {limit}]",
        "mov [r12 + {top}], rax",
        "mov rax, [r12 + {global}]",
        "cmp qword ptr [rax + {debt}], 0",
        "jg 2f",
        "jmp rcx",
        "2:",
        jump_to_entry!("collect"),
        ".cfi_endproc",
        kind = const OBJECT_KIND,
        builtin = const Kind::Builtin as u8,
        fast = const BUILTIN_FAST,
        without_fast_entry = sym without_fast_entry,
        ordinary_call = sym ordinary_call,
        limit = const CI_TOP,
        top = const THREAD_TOP,
        global = const THREAD_GLOBAL,
        debt = const GLOBAL_DEBT,
        functions = const FUNCTIONS_SLOT,
        collect = const Id::AfterFastCall as i32 * 8,
    )
}

/// The same for no result.
#[unsafe(naked)]
unsafe extern "C" fn fast_call_0() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        is_builtin!(),
        "cmp byte ptr [rax + {result}], {first}",
        "jne {fast_call_1}",
        "jmp {ordinary_call}",
        ".cfi_endproc",
        kind = const OBJECT_KIND,
        builtin = const Kind::Builtin as u8,
        result = const BUILTIN_FAST_RESULT,
        first = const FastResult::First as u8,
        fast_call_1 = sym fast_call_1,
        ordinary_call = sym ordinary_call,
    )
}

/// The same for all results.
#[unsafe(naked)]
unsafe extern "C" fn fast_call_open() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        is_builtin!(),
        "mov r8, [rax + {fast}]",
        "test r8, r8",
        "jz {without_fast_entry}",
        "movzx eax, byte ptr [rax + {result}]",
        "cmp eax, {first}",
        "je {ordinary_call}",
        "mov [rsp + 8], rcx",
        // The results' end.
        "lea rsi, [rdi + 8]",
        "mov rcx, rdi",
        "cmp eax, {none}",
        "cmovne rdi, rsi",
        "mov [rsp], rdi",
        "mov rdi, r12",
        "call r8",
        "mov rcx, [rsp + 8]",
        "test al, al",
        "jz {ordinary_call}",
        "mov rax, [rsp]",
        "mov [r12 + {top}], rax",
        "jmp rcx",
        ".cfi_endproc",
        kind = const OBJECT_KIND,
        builtin = const Kind::Builtin as u8,
        fast = const BUILTIN_FAST,
        result = const BUILTIN_FAST_RESULT,
        first = const FastResult::First as u8,
        none = const FastResult::None as u8,
        top = const THREAD_TOP,
        without_fast_entry = sym without_fast_entry,
        ordinary_call = sym ordinary_call,
    )
}

/// A return of rdx values from the place in rsi on, to a plain call or from a metamethod; if the frame was made in
/// another way, native code goes on at the place in rcx.
#[unsafe(naked)]
unsafe extern "C" fn return_several() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        "mov eax, [r14 + {kind}]",
        "and eax, {not_tail_called}",
        "sub eax, {plain}",
        "cmp byte ptr [r12 + {hook_mask}], 0",
        "jne 8f",
        "cmp eax, 255",
        "ja 6f",
        "mov rdi, [r14 + {func}]",
        "mov r14, [r14 + {prev}]",
        "mov rcx, [r14 + {limit}]",
        // One more than the number of results wanted.
        "sub eax, 1",
        "js 4f",
        "jz 3f",
        // As many values as there are, and nil for the others.
        "2:",
        "mov r8, r13",
        "sub rdx, 1",
        "cmovns r8, [rsi]",
        "mov [rdi], r8",
        "add rsi, 8",
        "add rdi, 8",
        "sub eax, 1",
        "jnz 2b",
        "3:",
        "mov [r12 + {top}], rcx",
        "mov [r12 + {ci}], r14",
        "mov rbx, [r14 + {base}]",
        "jmp [r14 + {returns_to}]",
        // All of them.
        "4:",
        "lea rcx, [rdi + rdx * 8]",
        "sub rdx, 1",
        "js 3b",
        "5:",
        "mov r8, [rsi]",
        "mov [rdi], r8",
        "add rsi, 8",
        "add rdi, 8",
        "sub rdx, 1",
        "jns 5b",
        "jmp 3b",
        // A metamethod with its one result or none: it is in r8 then, and on top of the stack.
        "6:",
        "sub eax, {metamethod}",
        "cmp eax, 1",
        "ja 8f",
        "mov rdi, [r14 + {func}]",
        "mov r14, [r14 + {prev}]",
        "mov r8, r13",
        "test rdx, rdx",
        "cmovnz r8, [rsi]",
        // One that wants no result leaves the slot as it is, as the end of an invocation does.
        "test eax, eax",
        "cmovz r8, [rdi]",
        "mov [rdi], r8",
        "lea rcx, [rdi + rax * 8]",
        "dec word ptr [r12 + {native_depth}]",
        "jmp 3b",
        "8:",
        "jmp rcx",
        ".cfi_endproc",
        metamethod = const METAMETHOD_KIND - PLAIN_KIND,
        native_depth = const THREAD_NATIVE_DEPTH,
        kind = const CI_KIND,
        not_tail_called = const !CallKind::TAIL_CALLED as i32,
        plain = const PLAIN_KIND,
        hook_mask = const THREAD_HOOK_MASK,
        func = const CI_FUNC,
        prev = const CI_PREV,
        limit = const CI_TOP,
        top = const THREAD_TOP,
        ci = const THREAD_CI,
        base = const CI_BASE,
        returns_to = const CI_RETURNS_TO,
    )
}

/// A metamethod has returned whose instruction goes on elsewhere than where native code of this run noted.
#[unsafe(naked)]
pub unsafe extern "C" fn metamethod_returned() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        jump_to_entry!("finish"),
        ".cfi_endproc",
        functions = const FUNCTIONS_SLOT,
        finish = const Id::FinishMetamethod as i32 * 8,
    )
}

/// A metamethod without a result has returned; its instruction is at its end.
#[unsafe(naked)]
pub unsafe extern "C" fn finish_nothing() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        "mov rcx, [r14 + {limit}]",
        "mov [r12 + {top}], rcx",
        load_closure!(),
        "jmp [r14 + {goes_on_at}]",
        ".cfi_endproc",
        limit = const CI_TOP,
        top = const THREAD_TOP,
        func = const CI_FUNC,
        function_tag = const FUNCTION_TAG_SLOT,
        proto = const CLOSURE_PROTO,
        constants = const PROTO_K,
        goes_on_at = const CI_GOES_ON_AT,
    )
}

/// The result of a metamethod, in r8, belongs in the instruction's register A, its second byte.
#[unsafe(naked)]
pub unsafe extern "C" fn finish_value() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        "mov rax, [r14 + {saved_pc}]",
        "movzx eax, byte ptr [rax - 7]",
        "mov [rbx + rax * 8], r8",
        "jmp {finish_nothing}",
        ".cfi_endproc",
        saved_pc = const CI_SAVED_PC,
        finish_nothing = sym finish_nothing,
    )
}

/// The result of a metamethod, in r8, is true or false.
#[unsafe(naked)]
pub unsafe extern "C" fn finish_comparison() {
    naked_asm!(
        ".cfi_startproc",
        in_frame!(),
        "xor eax, eax",
        "sub r8, r13",
        "cmp r8, 2",
        "setae al",
        "jmp {finish_nothing}",
        ".cfi_endproc",
        finish_nothing = sym finish_nothing,
    )
}

/// A function that native code jumps to or calls: an entry of `FUNCTIONS`.
pub type Function = unsafe extern "C" fn();

/// Where in a table's nodes the search for a short string begins, as a multiple of eight: hash and bucket times eight.
/// `$to32` is the lower half of `$to`, `$key` the string as a value.
#[rustfmt::skip]
macro_rules! position {
    ($to:literal, $to32:literal, $key:literal) => {
        concat!(
            "mov ", $to, ", ", $key, "\n",
            "shl ", $to, ", 16\n",
            "shr ", $to, ", 16\n",
            "mov ", $to32, ", [", $to, " + {hash}]\n",
            "shl ", $to, ", 3",
        )
    };
}

/// The node at a position of the table in rax: rdx points behind it (nodes descend from `data`). To the label `$absent`
/// where the table has no nodes. Changes rcx.
#[rustfmt::skip]
macro_rules! node {
    ($position:literal, $absent:literal) => {
        concat!(
            "movzx ecx, byte ptr [rax + {size}]\n",
            "cmp ecx, {no_hash}\n",
            "je ", $absent, "\n",
            "mov edx, 8\n",
            "shl rdx, cl\n",
            "sub rdx, 8\n",
            "and rdx, ", $position, "\n",
            "lea rcx, [rdx + 2*rdx]\n",
            "mov rdx, [rax + {data}]\n",
            "sub rdx, rcx",
        )
    };
}

/// Searches for a key from the node in rdx on, as `Table::find_short` does: to the label `$found` with the node in rdx,
/// or to `$absent`. `$walk` is the number of a label that is free here. Changes rcx.
#[rustfmt::skip]
macro_rules! search {
    ($key:literal, $walk:literal, $found:literal, $absent:literal) => {
        concat!(
            $walk, ":\n",
            "cmp ", $key, ", [rdx + {key}]\n",
            "je ", $found, "\n",
            "movsxd rcx, dword ptr [rdx + {next}]\n",
            "test ecx, ecx\n",
            "jz ", $absent, "\n",
            "lea rcx, [rcx + 2*rcx]\n",
            "shl rcx, 3\n",
            "sub rdx, rcx\n",
            "jmp ", $walk, "b",
        )
    };
}
const _: () = assert!(NODE_SIZE == 24, "the searches multiply by 3 and 8");

/// The field of a table, or what the table inherits through `__index` tables. In: rax the table, r8 the key, a short
/// string, r11 the string `__index`; in rsi a metatable to begin with instead of the table, or 0. Out: rdx the value,
/// or 0 where a helper has to look. Changes rax, rcx, rdx, rdi, r9, r10.
#[unsafe(naked)]
unsafe extern "C" fn find_field() {
    naked_asm!(
        ".cfi_startproc",
        position!("r9", "r9d", "r8"),
        position!("r10", "r10d", "r11"),
        "mov edi, {levels}",
        "mov rcx, rsi",
        "test rsi, rsi",
        "jnz 8f",
        // The key in this table.
        "2:",
        node!("r9", "5f"),
        search!("r8", "3", "4f", "5f"),
        "4:",
        "mov rdx, [rdx + {value}]",
        "cmp rdx, r13",
        "je 5f",
        "ret",
        // Its metatable's `__index`.
        "5:",
        "dec edi",
        "jz 9f",
        "mov rcx, [rax + {metatable}]",
        "test rcx, rcx",
        "jz 9f",
        "8:",
        "mov rax, rcx",
        "test byte ptr [rax + {flags}], {no_index}",
        "jnz 9f",
        node!("r10", "9f"),
        search!("r11", "6", "7f", "9f"),
        "7:",
        "mov rax, [rdx + {value}]",
        "xor rax, [rsp + {table_tag}]",
        "mov rcx, rax",
        "shr rcx, 48",
        "jz 2b",
        "9:",
        "xor edx, edx",
        "ret",
        ".cfi_endproc",
        hash = const SHORT_HASH,
        levels = const 16,
        size = const TABLE_LSIZENODE,
        no_hash = const NO_HASH_PART,
        data = const TABLE_DATA,
        metatable = const TABLE_METATABLE,
        flags = const TABLE_FLAGS,
        no_index = const NO_INDEX,
        key = const NODE_KEY - NODE_SIZE,
        value = const NODE_VAL - NODE_SIZE,
        next = const NODE_NEXT - NODE_SIZE,
        // Behind the return address.
        table_tag = const TABLE_TAG_SLOT + 8,
    )
}
/// The place of the value of a key in a table's nodes. In: rax the table, r8 the key, no number and not nil. Out: rdx
/// the place, or 0 where there is none; flags as `test rdx, rdx` sets them. Keys that are neither objects nor short
/// strings are not looked for: rax is 0 then. Changes rcx, r9.
///
/// Where a key belongs is what `Table::main_position` says.
#[unsafe(naked)]
unsafe extern "C" fn find_key() {
    naked_asm!(
        ".cfi_startproc",
        "mov rcx, r8",
        "shr rcx, 48",
        "cmp ecx, {string}",
        "jb 7f",
        "je 2f",
        "mov r9, {factor}",
        "imul r9, r8",
        "shr r9, 32",
        "shl r9, 3",
        "jmp 3f",
        "2:",
        "mov r9, r8",
        "shl r9, 16",
        "shr r9, 16",
        "cmp byte ptr [r9 + {kind}], {short}",
        "jne 7f",
        "mov r9d, [r9 + {hash}]",
        "shl r9, 3",
        "3:",
        node!("r9", "8f"),
        search!("r8", "4", "5f", "8f"),
        "5:",
        "lea rdx, [rdx + {value}]",
        "test rdx, rdx",
        "ret",
        "7:",
        "xor eax, eax",
        "8:",
        "xor edx, edx",
        "ret",
        ".cfi_endproc",
        string = const TAG_STRING as i32,
        factor = const POINTER_FACTOR as i64,
        kind = const OBJECT_KIND,
        short = const Kind::ShortStr as u8,
        hash = const SHORT_HASH,
        size = const TABLE_LSIZENODE,
        no_hash = const NO_HASH_PART,
        data = const TABLE_DATA,
        key = const NODE_KEY - NODE_SIZE,
        value = const NODE_VAL - NODE_SIZE,
        next = const NODE_NEXT - NODE_SIZE,
    )
}

/// Stores a field that a table does not have yet, where that takes nothing but stores: `Table::unused_main` is its
/// place. In: rax the table, r8 the key, a short string, rsi the value. The zero flag is set when it is stored. Changes
/// rcx, rdx, r9.
#[unsafe(naked)]
unsafe extern "C" fn insert_field() {
    naked_asm!(
        ".cfi_startproc",
        "cmp qword ptr [rax + {metatable}], 0",
        "jne 9f",
        "test byte ptr [rax + {marked}], {black}",
        "jnz 9f",
        position!("r9", "r9d", "r8"),
        node!("r9", "8f"),
        "cmp r13, [rdx + {key}]",
        "jne 9f",
        "mov [rdx + {key}], r8",
        "mov [rdx + {value}], rsi",
        "mov byte ptr [rax + {flags}], 0",
        "ret",
        "8:",
        "test rsp, rsp",
        "9:",
        "ret",
        ".cfi_endproc",
        metatable = const TABLE_METATABLE,
        marked = const OBJECT_MARKED,
        black = const BLACK,
        hash = const SHORT_HASH,
        size = const TABLE_LSIZENODE,
        no_hash = const NO_HASH_PART,
        data = const TABLE_DATA,
        flags = const TABLE_FLAGS,
        key = const NODE_KEY - NODE_SIZE,
        value = const NODE_VAL - NODE_SIZE,
    )
}

/// A leaf: it calls nothing foreign, so native code calls it directly.
const fn leaf(f: extern "C" fn(f64, f64) -> f64) -> Function {
    // SAFETY: only its address is used, by native code that knows its type.
    unsafe { core::mem::transmute::<extern "C" fn(f64, f64) -> f64, Function>(f) }
}

/// The same for the length of a table.
const fn length_leaf(f: extern "C" fn(Gc<Table>, Gc<Thread>) -> f64) -> Function {
    // SAFETY: only its address is used, by native code that knows its type.
    unsafe { core::mem::transmute::<extern "C" fn(Gc<Table>, Gc<Thread>) -> f64, Function>(f) }
}

macro_rules! table {
    ($($id:ident = $function:expr;)*) => {
        /// The addresses of the functions that native code uses, which it finds by way of its frame: they may lie too
        /// far away for direct calls.
        static FUNCTIONS: [Function; [$(Id::$id),*].len()] = [$($function),*];
    };
}
functions!(table);
