//! The lowest layer: all that the library asks of the operating system, the C library and the processor. It depends on
//! no other module, and no other module names the crate `libc` or a processor's instructions but `boundary`, whose
//! business is the calling convention (`tests/sys.rs` looks).
//!
//! * `c` has what the C standard says, under its names there. The C library is the same for everybody.
//! * The file of the system (`linux`) has what each system does in its own way: `errno`, streams, time, locale, memory,
//!   the loader, threads, paths. Another system is another file with the same names, and a line in the table below.
//! * `ctype` has the classes of characters of the locale, as tables.
//! * `arch` has single instructions, each with a portable twin.

pub mod arch;
mod c;
pub mod ctype;

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
compile_error!("src/sys has no file for this system yet: see src/sys/mod.rs");

pub use c::*;
pub use system::*;

// Addresses have 64 bits, and so do C's `size_t` and `lua_Integer`. On it depend the boxes of values (`object::value`),
// a core's result in two registers (`boundary`), the counts and sizes that the collector adds up, and the table of the
// pool's slabs.
const _: () = assert!(size_of::<usize>() == 8);
