//! Stubs, pad and raise for 64-bit Arm, procedure call standard of the ELF systems. The same as `x86_64.rs` part by
//! part; the reasons are told there.
//!
//! The pad frame, from its stack pointer upwards; its lower part in Rust is [`Pad`](super::raise::Pad):
//!
//! ```text
//!   0  own exception object             96  x29 x30
//!  64  link                            112  x19 to x28
//!  72  previous pad                    192  d8 to d15
//!  80  link.protected                  256  CFA
//!  84  throw code of a jump
//! ```

pub(super) use super::linked::{linked_cxx, linked_cxx_globals, linked_unwinder, no_return};
use super::raise::{decide, give_up};
use super::unwind::{discard, personality};
use super::{Link, Ret};
use core::arch::{asm, naked_asm};
use core::ffi::{c_int, c_void};

/// The registers that the unwinder may hand values over in, by their DWARF numbers: x0 and x1.
pub(super) const DATA_REGISTERS: [c_int; 2] = [0, 1];

/// A return address without its authentication code, which hosts compiled with `-mbranch-protection` put in.
#[inline(always)]
pub(super) fn plain_address(pc: usize) -> usize {
    let mut pc = pc;
    // SAFETY: `xpaclri`, by its hint number: does nothing on processors that do not know it.
    unsafe { asm!("hint #7", inout("x30") pc, options(pure, nomem, nostack, preserves_flags)) };
    pc
}

/// CFI of a pad frame that is in place.
macro_rules! in_pad {
    () => {
        ".cfi_def_cfa sp, 256
         .cfi_offset x29, -160
         .cfi_offset x30, -152
         .cfi_offset x19, -144
         .cfi_offset x20, -136
         .cfi_offset x21, -128
         .cfi_offset x22, -120
         .cfi_offset x23, -112
         .cfi_offset x24, -104
         .cfi_offset x25, -96
         .cfi_offset x26, -88
         .cfi_offset x27, -80
         .cfi_offset x28, -72
         .cfi_offset d8, -64
         .cfi_offset d9, -56
         .cfi_offset d10, -48
         .cfi_offset d11, -40
         .cfi_offset d12, -32
         .cfi_offset d13, -24
         .cfi_offset d14, -16
         .cfi_offset d15, -8"
    };
}

/// Calls `f(a0, a1, a2, a3)` as foreign code that may raise, with this frame as the innermost pad of `link`.
///
/// Returns the integer return register of `f` (only as many bits as its C type has are meaningful) or what was thrown.
///
/// # Safety
/// `link` is valid and used by this thread only; `f` is a C function that takes at most these arguments.
#[unsafe(naked)]
#[allow(named_asm_labels, reason = "the code is never inlined, so the label exists once")]
pub unsafe extern "C" fn call(
    link: *mut Link,
    f: *const c_void,
    a0: usize,
    a1: usize,
    a2: usize,
    a3: usize,
) -> Ret {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_personality 0x1b, {personality}",
        "sub sp, sp, #256",
        ".cfi_def_cfa_offset 256",
        "stp x29, x30, [sp, #96]",
        "stp x19, x20, [sp, #112]",
        "stp x21, x22, [sp, #128]",
        "stp x23, x24, [sp, #144]",
        "stp x25, x26, [sp, #160]",
        "stp x27, x28, [sp, #176]",
        "stp d8, d9, [sp, #192]",
        "stp d10, d11, [sp, #208]",
        "stp d12, d13, [sp, #224]",
        "stp d14, d15, [sp, #240]",
        in_pad!(),
        "add x29, sp, #96",
        "ldr x9, [x0]",
        "ldr w10, [x0, #16]",
        "stp xzr, xzr, [sp, #32]",
        "stp x0, x9, [sp, #64]",
        // With the zero in the upper half: no throw.
        "str x10, [sp, #80]",
        "mov x9, sp",
        "str x9, [x0]",
        "mov x9, x1",
        "mov x0, x2",
        "mov x1, x3",
        "mov x2, x4",
        "mov x3, x5",
        "blr x9",
        // The Makefile makes this name local to the library.
        ".globl lua52_pad_return",
        ".hidden lua52_pad_return",
        "lua52_pad_return:",
        "ldr w1, [sp, #84]",
        "cbz w1, 2f",
        "b {landing}",
        "2:",
        "ldp x9, x10, [sp, #64]",
        "str x10, [x9]",
        "ldp x29, x30, [sp, #96]",
        "add sp, sp, #256",
        ".cfi_def_cfa_offset 0",
        ".cfi_restore x29",
        ".cfi_restore x30",
        "ret",
        ".cfi_endproc",
        landing = sym landing,
        personality = sym personality,
    )
}

/// Where a raise arrives, by a jump or by the unwinder: the stack pointer is the pad's, `x1` the throw code.
#[unsafe(naked)]
unsafe extern "C" fn landing() {
    naked_asm!(
        ".cfi_startproc",
        in_pad!(),
        "ldp x9, x10, [sp, #64]",
        "str x10, [x9]",
        "mov x0, #0",
        "ldp x29, x30, [sp, #96]",
        "ldp x19, x20, [sp, #112]",
        "ldp x21, x22, [sp, #128]",
        "ldp x23, x24, [sp, #144]",
        "ldp x25, x26, [sp, #160]",
        "ldp x27, x28, [sp, #176]",
        "ldp d8, d9, [sp, #192]",
        "ldp d10, d11, [sp, #208]",
        "ldp d12, d13, [sp, #224]",
        "ldp d14, d15, [sp, #240]",
        "add sp, sp, #256",
        ".cfi_def_cfa_offset 0",
        ".cfi_restore x29",
        ".cfi_restore x30",
        "ret",
        ".cfi_endproc",
    )
}

/// Where a foreign exception arrives that this pad caught: `x0` is the exception, `x1` the throw code.
#[unsafe(naked)]
unsafe extern "C" fn caught() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_personality 0x1b, {personality}",
        in_pad!(),
        "mov x19, x1",
        "bl {discard}",
        "mov x1, x19",
        "b {landing}",
        ".cfi_endproc",
        discard = sym discard,
        landing = sym landing,
        personality = sym personality,
    )
}

pub(super) fn landing_address() -> usize {
    landing as *const () as usize
}

pub(super) fn caught_address() -> usize {
    caught as *const () as usize
}

/// Raises `throw` to the innermost pad of `link`. Stubs jump here with their frame already left: the link register
/// and the callee-saved registers are as at their entry.
#[doc(hidden)]
#[unsafe(naked)]
pub unsafe extern "C" fn raise(link: *mut Link, throw: u64) {
    naked_asm!(
        ".cfi_startproc",
        "stp x29, x30, [sp, #-32]!",
        ".cfi_def_cfa_offset 32",
        ".cfi_offset x29, -32",
        ".cfi_offset x30, -24",
        "stp x0, x1, [sp, #16]",
        "mov x2, x30",
        "add x3, sp, #32",
        "mov x4, x29",
        "bl {decide}",
        "cbnz x0, 4f",
        "mov x10, x1",
        "ldp x0, x1, [sp, #16]",
        "ldr x9, [x0]",
        "str w1, [x9, #84]",
        ".cfi_remember_state",
        "mov sp, x9",
        in_pad!(),
        // See "Return prediction" in the other file.
        "cbz x10, 3f",
        "adr x30, 2f",
        "5:",
        "ret",
        "2:",
        "sub x10, x10, #1",
        "cbnz x10, 5b",
        "3:",
        "adrp x30, lua52_pad_return",
        "add x30, x30, :lo12:lua52_pad_return",
        "ret",
        ".cfi_restore_state",
        "4:",
        "mov x9, x0",
        "mov x0, x1",
        "blr x9",
        // Nobody took the exception: some frame stopped the unwinder. What is left is the jump.
        "ldr x0, [sp, #16]",
        "bl {give_up}",
        "ldp x0, x1, [sp, #16]",
        "ldr x9, [x0]",
        ".cfi_remember_state",
        "mov sp, x9",
        in_pad!(),
        "b {landing}",
        ".cfi_endproc",
        decide = sym decide,
        give_up = sym give_up,
        landing = sym landing,
    )
}

/// Address of a function if something in the process was linked with it, else 0.
macro_rules! linked {
    ($name:literal) => {{
        let address: usize;
        // SAFETY: reads the global offset table.
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name),
                concat!("adrp {0}, :got:", $name),
                concat!("ldr {0}, [{0}, :got_lo12:", $name, "]"),
                out(reg) address,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        address
    }};
}
pub(super) use linked;

/// The whole body of an exported function that may raise.
///
/// `raising!(core, (L, n))` calls `core`, an `extern "C"` function of the same parameters (up to eight in integer
/// registers and any in vector registers) that returns [`Ret`]; the value goes back in the integer return register.
#[macro_export]
#[doc(hidden)]
macro_rules! raising {
    ($core:path, ($($argument:expr),* $(,)?)) => { $crate::raising!(@emit $core, "") };
    (@emit $core:path, $value:literal) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "stp x29, x30, [sp, #-16]!",
            ".cfi_def_cfa_offset 16",
            ".cfi_offset x29, -16",
            ".cfi_offset x30, -8",
            "mov x29, sp",
            "bl {core}",
            "ldp x29, x30, [sp], #16",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x29",
            ".cfi_restore x30",
            "cbnz x1, 2f",
            $value,
            "ret",
            "2:",
            "b {raise}",
            ".cfi_endproc",
            core = sym $core,
            raise = sym $crate::boundary::raise_entry,
        )
    };
}

/// As [`raising!`], for functions that return a `lua_Number`: the value's bits go to the vector return register.
#[macro_export]
#[doc(hidden)]
macro_rules! raising_number {
    ($core:path, ($($argument:expr),* $(,)?)) => { $crate::raising!(@emit $core, "fmov d0, x0") };
}

/// As [`raising!`], for a C variadic function of `nfixed` (1 to 3) integer parameters before the `...`. The core gets
/// the fixed parameters and then a `*mut VaList`.
#[macro_export]
#[doc(hidden)]
macro_rules! raising_variadic {
    ($core:path, 1) => { $crate::raising_variadic!(@emit $core, "-56", "x1") };
    ($core:path, 2) => { $crate::raising_variadic!(@emit $core, "-48", "x2") };
    ($core:path, 3) => { $crate::raising_variadic!(@emit $core, "-40", "x3") };
    (@emit $core:path, $left:literal, $reg:literal) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            // The va_list at sp + 16, x0 to x7 from 48, q0 to q7 from 112, stack arguments from 240.
            "stp x29, x30, [sp, #-240]!",
            ".cfi_def_cfa_offset 240",
            ".cfi_offset x29, -240",
            ".cfi_offset x30, -232",
            "mov x29, sp",
            "stp x0, x1, [sp, #48]",
            "stp x2, x3, [sp, #64]",
            "stp x4, x5, [sp, #80]",
            "stp x6, x7, [sp, #96]",
            "stp q0, q1, [sp, #112]",
            "stp q2, q3, [sp, #144]",
            "stp q4, q5, [sp, #176]",
            "stp q6, q7, [sp, #208]",
            "add x9, sp, #240",
            "add x10, sp, #112",
            "stp x9, x10, [sp, #16]",
            concat!("mov w10, #", $left),
            "mov w11, #-128",
            "str x9, [sp, #32]",
            "stp w10, w11, [sp, #40]",
            concat!("add ", $reg, ", sp, #16"),
            "bl {core}",
            "ldp x29, x30, [sp], #240",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x29",
            ".cfi_restore x30",
            "cbnz x1, 2f",
            "ret",
            "2:",
            "b {raise}",
            ".cfi_endproc",
            core = sym $core,
            raise = sym $crate::boundary::raise_entry,
        )
    };
}

/// Bytes from one builtin thunk to the next.
#[doc(hidden)]
pub const THUNK_STRIDE: usize = 8;

/// Defines `THUNKS: usize`, `thunk_address(i) -> *const c_void` and `thunk_index(ptr) -> Option<usize>` for `$count`
/// C functions (`int (lua_State *)`), of which the i-th calls `$entry(L, i) -> Ret` and raises what that throws.
///
/// They give C a real `lua_CFunction` for each function of our own library, and give us the function back.
#[macro_export]
#[doc(hidden)]
macro_rules! builtin_thunks {
    ($entry:path, $count:literal) => {
        /// Number of thunks.
        pub const THUNKS: usize = $count;

        #[unsafe(naked)]
        unsafe extern "C-unwind" fn thunks() {
            ::core::arch::naked_asm!(
                ".cfi_startproc",
                ".p2align 3",
                ".set .Lthunk{uid}, 0",
                concat!(".rept ", $count),
                "mov w1, #.Lthunk{uid}",
                ".set .Lthunk{uid}, .Lthunk{uid} + 1",
                "b 2f",
                ".endr",
                "2:",
                "stp x29, x30, [sp, #-16]!",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset x29, -16",
                ".cfi_offset x30, -8",
                "mov x29, sp",
                "bl {entry}",
                "ldp x29, x30, [sp], #16",
                ".cfi_def_cfa_offset 0",
                ".cfi_restore x29",
                ".cfi_restore x30",
                "cbnz x1, 3f",
                "ret",
                "3:",
                "b {raise}",
                ".cfi_endproc",
                uid = const line!(),
                entry = sym $entry,
                raise = sym $crate::boundary::raise_entry,
            )
        }

        $crate::thunk_addresses!();
    };
}
