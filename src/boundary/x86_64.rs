//! Stubs, pad and raise for x86-64, System V calling convention.
//!
//! The pad frame, from its stack pointer (also its address in [`Link::pad`]) upwards; its lower part in Rust is
//! [`Pad`](super::raise::Pad):
//!
//! ```text
//!   0  own exception object            72  previous pad           136  return address
//!  64  link                            80  link.protected         144  CFA
//!                                      84  throw code of a jump
//!                                      88  r15 r14 r13 r12 rbx rbp
//! ```
//!
//! # Return prediction
//!
//! A processor predicts each `ret` from a stack of its own, which every `call` pushes on. A jump over frames leaves
//! their entries there, and from then on every return further out is predicted wrong, ten of them for one error. So a
//! jump takes the entries off first: it returns to itself once for each frame, which is predicted wrong once each, and
//! then into the pad as the foreign function would have done, which is predicted right, as is all that follows.
//!
//! Each instruction's CFI is exact, so debuggers and sampling profilers can unwind from anywhere.

pub(super) use super::linked::{linked_cxx, linked_cxx_globals, linked_unwinder, no_return};
use super::raise::{decide, give_up};
use super::unwind::{discard, personality};
use super::{Link, Ret};
use core::arch::naked_asm;
use core::ffi::{c_int, c_void};

/// The registers that the unwinder may hand values over in, by their DWARF numbers: rax and rdx.
pub(super) const DATA_REGISTERS: [c_int; 2] = [0, 1];

/// A return address as the frame's table knows it.
#[inline(always)]
pub(super) fn plain_address(pc: usize) -> usize {
    pc
}

/// CFI of a pad frame that is in place.
macro_rules! in_pad {
    () => {
        ".cfi_def_cfa rsp, 144
         .cfi_offset rbp, -16
         .cfi_offset rbx, -24
         .cfi_offset r12, -32
         .cfi_offset r13, -40
         .cfi_offset r14, -48
         .cfi_offset r15, -56"
    };
}

/// CFI of a pad frame that is gone but for the return address.
macro_rules! out_of_pad {
    () => {
        ".cfi_def_cfa_offset 8
         .cfi_restore rbp
         .cfi_restore rbx
         .cfi_restore r12
         .cfi_restore r13
         .cfi_restore r14
         .cfi_restore r15"
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
        "sub rsp, 88",
        ".cfi_def_cfa_offset 144",
        "mov rax, [rdi]",
        "mov r10d, [rdi + 16]",
        "mov qword ptr [rsp + 32], 0",
        "mov qword ptr [rsp + 40], 0",
        "mov [rsp + 64], rdi",
        "mov [rsp + 72], rax",
        // With the zero in the upper half: no throw.
        "mov [rsp + 80], r10",
        "mov [rdi], rsp",
        "mov rax, rsi",
        "mov rdi, rdx",
        "mov rsi, rcx",
        "mov rdx, r8",
        "mov rcx, r9",
        "call rax",
        // The Makefile makes this name local to the library.
        ".globl lua52_pad_return",
        ".hidden lua52_pad_return",
        "lua52_pad_return:",
        "mov edx, [rsp + 84]",
        "mov rcx, [rsp + 64]",
        "mov rsi, [rsp + 72]",
        "test edx, edx",
        "jne {landing}",
        // Foreign code kept the callee-saved registers, so they need no reload on this way out.
        "mov [rcx], rsi",
        "add rsp, 136",
        out_of_pad!(),
        "ret",
        ".cfi_endproc",
        landing = sym landing,
        personality = sym personality,
    )
}

/// Where a raise arrives, by a jump or by the unwinder: the stack pointer is the pad's, `rdx` the throw code.
#[unsafe(naked)]
unsafe extern "C" fn landing() {
    naked_asm!(
        ".cfi_startproc",
        in_pad!(),
        "mov rcx, [rsp + 64]",
        "mov rsi, [rsp + 72]",
        "mov [rcx], rsi",
        "xor eax, eax",
        "mov r15, [rsp + 88]",
        "mov r14, [rsp + 96]",
        "mov r13, [rsp + 104]",
        "mov r12, [rsp + 112]",
        "mov rbx, [rsp + 120]",
        "mov rbp, [rsp + 128]",
        "add rsp, 136",
        out_of_pad!(),
        "ret",
        ".cfi_endproc",
    )
}

/// Where a foreign exception arrives that this pad caught: `rax` is the exception, `rdx` the throw code.
#[unsafe(naked)]
unsafe extern "C" fn caught() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_personality 0x1b, {personality}",
        in_pad!(),
        "mov rbx, rdx",
        "mov rdi, rax",
        "call {discard}",
        "mov rdx, rbx",
        "jmp {landing}",
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

/// Raises `throw` to the innermost pad of `link`. Stubs jump here with their frame already left: the return address
/// on top of the stack is theirs, and the callee-saved registers are their caller's.
#[doc(hidden)]
#[unsafe(naked)]
pub unsafe extern "C" fn raise(link: *mut Link, throw: u64) {
    naked_asm!(
        ".cfi_startproc",
        "mov rdx, [rsp]",
        "lea rcx, [rsp + 8]",
        "mov r8, rbp",
        "push rdi",
        ".cfi_def_cfa_offset 16",
        "push rsi",
        ".cfi_def_cfa_offset 24",
        "push rax",
        ".cfi_def_cfa_offset 32",
        "call {decide}",
        "mov rdi, [rsp + 16]",
        "mov rsi, [rsp + 8]",
        "test rax, rax",
        "jne 4f",
        "mov rdi, [rdi]",
        "mov [rdi + 84], esi",
        ".cfi_remember_state",
        "lea rsp, [rdi - 8]",
        in_pad!(),
        ".cfi_def_cfa_offset 152",
        "lea rax, [rip + lua52_pad_return]",
        "mov [rsp], rax",
        "test rdx, rdx",
        "je 3f",
        "2:",
        "lea rax, [rip + 5f]",
        "push rax",
        ".cfi_adjust_cfa_offset 8",
        "ret",
        ".cfi_adjust_cfa_offset -8",
        // Never run: debuggers look a return address up by the byte before it.
        "nop",
        "5:",
        "dec rdx",
        "jne 2b",
        "3:",
        "ret",
        ".cfi_restore_state",
        "4:",
        "mov rdi, rdx",
        "call rax",
        // Nobody took the exception: some frame stopped the unwinder. What is left is the jump.
        "mov rdi, [rsp + 16]",
        "call {give_up}",
        "mov rdi, [rsp + 16]",
        "mov rdx, [rsp + 8]",
        ".cfi_remember_state",
        "mov rsp, [rdi]",
        in_pad!(),
        "jmp {landing}",
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
                concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
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
/// `raising!(core, (L, n))` calls `core`, an `extern "C"` function of the same parameters (up to six in integer
/// registers and any in vector registers) that returns [`Ret`]; the value goes back in the integer return register. The
/// arguments are for the portable fallback; here they stay in their registers.
#[macro_export]
#[doc(hidden)]
macro_rules! raising {
    ($core:path, ($($argument:expr),* $(,)?)) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "sub rsp, 8",
            ".cfi_def_cfa_offset 16",
            "call {core}",
            "add rsp, 8",
            ".cfi_def_cfa_offset 8",
            "test rdx, rdx",
            "jne 2f",
            "ret",
            "2:",
            "mov rdi, rax",
            "mov rsi, rdx",
            "jmp {raise}",
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
    ($core:path, ($($argument:expr),* $(,)?)) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "sub rsp, 8",
            ".cfi_def_cfa_offset 16",
            "call {core}",
            "add rsp, 8",
            ".cfi_def_cfa_offset 8",
            "test rdx, rdx",
            "jne 2f",
            "movq xmm0, rax",
            "ret",
            "2:",
            "mov rdi, rax",
            "mov rsi, rdx",
            "jmp {raise}",
            ".cfi_endproc",
            core = sym $core,
            raise = sym $crate::boundary::raise_entry,
        )
    };
}

/// As [`raising!`], for a C variadic function of `nfixed` (1 to 3) integer parameters before the `...`. The core gets
/// the fixed parameters and then a `*mut VaList`.
#[macro_export]
#[doc(hidden)]
macro_rules! raising_variadic {
    ($core:path, 1) => { $crate::raising_variadic!(@emit $core, "8", "rsi") };
    ($core:path, 2) => { $crate::raising_variadic!(@emit $core, "16", "rdx") };
    ($core:path, 3) => { $crate::raising_variadic!(@emit $core, "24", "rcx") };
    (@emit $core:path, $used:literal, $reg:literal) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            // The va_list at rsp, the register save area at rsp + 32, stack arguments from rsp + 224.
            "sub rsp, 216",
            ".cfi_def_cfa_offset 224",
            "mov [rsp + 32], rdi",
            "mov [rsp + 40], rsi",
            "mov [rsp + 48], rdx",
            "mov [rsp + 56], rcx",
            "mov [rsp + 64], r8",
            "mov [rsp + 72], r9",
            "test al, al",
            "je 2f",
            "movaps [rsp + 80], xmm0",
            "movaps [rsp + 96], xmm1",
            "movaps [rsp + 112], xmm2",
            "movaps [rsp + 128], xmm3",
            "movaps [rsp + 144], xmm4",
            "movaps [rsp + 160], xmm5",
            "movaps [rsp + 176], xmm6",
            "movaps [rsp + 192], xmm7",
            "2:",
            concat!("mov dword ptr [rsp], ", $used),
            "mov dword ptr [rsp + 4], 48",
            "lea rax, [rsp + 224]",
            "mov [rsp + 8], rax",
            "lea rax, [rsp + 32]",
            "mov [rsp + 16], rax",
            concat!("mov ", $reg, ", rsp"),
            "call {core}",
            "add rsp, 216",
            ".cfi_def_cfa_offset 8",
            "test rdx, rdx",
            "jne 3f",
            "ret",
            "3:",
            "mov rdi, rax",
            "mov rsi, rdx",
            "jmp {raise}",
            ".cfi_endproc",
            core = sym $core,
            raise = sym $crate::boundary::raise_entry,
        )
    };
}

/// Bytes from one builtin thunk to the next.
#[doc(hidden)]
pub const THUNK_STRIDE: usize = 16;

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
                ".p2align 4",
                ".set .Lthunk{uid}, 0",
                concat!(".rept ", $count),
                "mov esi, offset .Lthunk{uid}",
                ".set .Lthunk{uid}, .Lthunk{uid} + 1",
                "jmp 2f",
                ".p2align 4",
                ".endr",
                "2:",
                "sub rsp, 8",
                ".cfi_def_cfa_offset 16",
                "call {entry}",
                "add rsp, 8",
                ".cfi_def_cfa_offset 8",
                "test rdx, rdx",
                "jne 3f",
                "ret",
                "3:",
                "mov rdi, rax",
                "mov rsi, rdx",
                "jmp {raise}",
                ".cfi_endproc",
                uid = const line!(),
                entry = sym $entry,
                raise = sym $crate::boundary::raise_entry,
            )
        }

        $crate::thunk_addresses!();
    };
}
