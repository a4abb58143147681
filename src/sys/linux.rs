//! Linux, with glibc or musl.

use super::{FILE, time_t, tm};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::null_mut;

pub use libc::{memmem, pclose, popen};

// --- errors

pub fn errno() -> c_int {
    // SAFETY: the thread's own error number.
    unsafe { *libc::__errno_location() }
}

pub fn set_errno(number: c_int) {
    // SAFETY: the thread's own error number.
    unsafe { *libc::__errno_location() = number }
}

/// Whether the error says that there is no more of something that can be given back: descriptors of the process or of
/// the system, memory, processes.
pub fn is_shortage(number: c_int) -> bool {
    matches!(number, libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::EAGAIN)
}

/// Writes to the standard error output without a stream. Nobody is told when that fails.
pub fn print_error(text: &[u8]) {
    // SAFETY: the bytes are readable.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

// --- streams

unsafe extern "C" {
    #[link_name = "stdin"]
    static STDIN: *mut FILE;
    #[link_name = "stdout"]
    static STDOUT: *mut FILE;
    #[link_name = "stderr"]
    static STDERR: *mut FILE;
    fn clearerr_unlocked(f: *mut FILE);
    fn ferror_unlocked(f: *mut FILE) -> c_int;
}

#[inline(always)]
pub fn stdin() -> *mut FILE {
    // SAFETY: the C library sets it before any of our code runs.
    unsafe { STDIN }
}

#[inline(always)]
pub fn stdout() -> *mut FILE {
    // SAFETY: the C library sets it before any of our code runs.
    unsafe { STDOUT }
}

#[inline(always)]
pub fn stderr() -> *mut FILE {
    // SAFETY: the C library sets it before any of our code runs.
    unsafe { STDERR }
}

/// Takes the stream's error flag off. A flag is one access: taking the stream's lock for it would change nothing.
///
/// # Safety
/// An open stream.
#[inline(always)]
pub unsafe fn clear_error(f: *mut FILE) {
    // SAFETY: the caller's promise.
    unsafe { clearerr_unlocked(f) }
}

/// Whether the stream has its error flag; see [`clear_error`].
///
/// # Safety
/// An open stream.
#[inline(always)]
pub unsafe fn has_error(f: *mut FILE) -> bool {
    // SAFETY: the caller's promise.
    unsafe { ferror_unlocked(f) != 0 }
}

/// Moves the stream's position, by 64 bits.
///
/// # Safety
/// An open stream.
pub unsafe fn seek(f: *mut FILE, offset: i64, whence: c_int) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::fseeko(f, offset, whence) == 0 }
}

/// The stream's position.
///
/// # Safety
/// An open stream.
pub unsafe fn tell(f: *mut FILE) -> i64 {
    // SAFETY: the caller's promise.
    unsafe { libc::ftello(f) }
}

// --- files and processes

/// The name of a new file, with a zero behind it.
pub fn temporary_name() -> Option<[u8; 16]> {
    unsafe extern "C" {
        fn mkstemp(template: *mut c_char) -> c_int;
    }
    let mut name = *b"/tmp/lua_XXXXXX\0";
    // SAFETY: a terminated template that may be written to; a descriptor of ours.
    unsafe {
        let descriptor = mkstemp(name.as_mut_ptr().cast());
        (descriptor != -1 && {
            libc::close(descriptor);
            true
        })
        .then_some(name)
    }
}

/// The end of a process.
pub enum Ended {
    Exit(c_int),
    Signal(c_int),
}

/// Decodes the status that `system` and `pclose` return.
pub fn ended(status: c_int) -> Ended {
    if libc::WIFEXITED(status) {
        Ended::Exit(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Ended::Signal(libc::WTERMSIG(status))
    } else {
        Ended::Exit(status)
    }
}

// --- paths

/// The places in which `require` looks for modules in Lua: the paths of Debian's package, whose modules must be found.
pub const LUA_PATH_DEFAULT: &CStr = c"/usr/local/share/lua/5.2/?.lua;/usr/local/share/lua/5.2/?/init.lua;\
    /usr/local/lib/lua/5.2/?.lua;/usr/local/lib/lua/5.2/?/init.lua;\
    /usr/share/lua/5.2/?.lua;/usr/share/lua/5.2/?/init.lua;./?.lua";

/// The places in which `require` looks for modules in C, with the directory of a machine's own modules, if Debian has
/// that.
macro_rules! c_path {
    ($($machine:literal)?) => {
        match CStr::from_bytes_with_nul(concat!(
            "/usr/local/lib/lua/5.2/?.so;",
            $("/usr/lib/", $machine, "/lua/5.2/?.so;",)?
            "/usr/lib/lua/5.2/?.so;/usr/local/lib/lua/5.2/loadall.so;./?.so\0",
        ).as_bytes()) {
            Ok(path) => path,
            Err(_) => panic!(),
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub const LUA_CPATH_DEFAULT: &CStr = c_path!("x86_64-linux-gnu");
#[cfg(target_arch = "aarch64")]
pub const LUA_CPATH_DEFAULT: &CStr = c_path!("aarch64-linux-gnu");
#[cfg(target_arch = "riscv64")]
pub const LUA_CPATH_DEFAULT: &CStr = c_path!("riscv64-linux-gnu");
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
pub const LUA_CPATH_DEFAULT: &CStr = c_path!();

// --- time

/// Seconds of processor time that the program took.
pub fn processor_time() -> f64 {
    unsafe extern "C" {
        safe fn clock() -> libc::clock_t;
    }
    /// POSIX says so for every system.
    const CLOCKS_PER_SEC: f64 = 1_000_000.0;
    clock() as f64 / CLOCKS_PER_SEC
}

/// Seconds and nanoseconds of the clock.
pub fn clock_now() -> (i64, i64) {
    read_clock(libc::CLOCK_REALTIME)
}

/// Nanoseconds of a clock that nobody sets.
pub fn steady_time() -> u64 {
    let (seconds, nanoseconds) = read_clock(libc::CLOCK_MONOTONIC);
    seconds as u64 * 1_000_000_000 + nanoseconds as u64
}

fn read_clock(clock: libc::clockid_t) -> (i64, i64) {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid place for the result.
    unsafe { libc::clock_gettime(clock, &mut t) };
    (t.tv_sec, t.tv_nsec)
}

/// The time as a date in UTC or in the local time zone; `None` when it is out of range.
pub fn broken_down(time: time_t, utc: bool) -> Option<tm> {
    let mut date = MaybeUninit::<tm>::zeroed();
    // SAFETY: both pointers are to locals; zero is a value of each field.
    unsafe {
        let known = if utc {
            libc::gmtime_r(&time, date.as_mut_ptr())
        } else {
            libc::localtime_r(&time, date.as_mut_ptr())
        };
        (!known.is_null()).then(|| date.assume_init())
    }
}

// --- locale

/// The decimal point of the locale, terminated. It is valid until the locale changes.
#[inline]
pub fn radix_character() -> *const u8 {
    // SAFETY: no preconditions.
    unsafe { libc::nl_langinfo(libc::RADIXCHAR).cast() }
}

// --- memory

#[cfg(not(target_env = "musl"))]
pub use libc::realloc;

/// C's `realloc`, which never fails to make a block smaller: musl's may, and leaves the block as it was.
///
/// # Safety
/// As for C's: null, or a live block.
#[cfg(target_env = "musl")]
pub unsafe fn realloc(p: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise; a block stays when it could not be resized.
    unsafe {
        let q = libc::realloc(p, size);
        if q.is_null() && !p.is_null() && size <= libc::malloc_usable_size(p) { p } else { q }
    }
}

/// Fresh memory of zeros, or null.
pub fn map(size: usize) -> *mut u8 {
    // SAFETY: no memory is involved but what is mapped.
    let p = unsafe {
        libc::mmap(
            null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if p == libc::MAP_FAILED { null_mut() } else { p.cast() }
}

/// Gives mapped memory back, a mapping or a part of one.
///
/// # Safety
/// `size` mapped bytes from `p` on, which nobody uses any more.
#[inline]
pub unsafe fn unmap(p: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(p.cast(), size) };
}

/// Changes the size of a mapping, which may move it; null when that is not possible.
///
/// # Safety
/// `p` is a mapping of `old` bytes. When it moved, nobody uses it where it was.
#[inline]
pub unsafe fn remap(p: *mut u8, old: usize, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    let q = unsafe { libc::mremap(p.cast(), old, size, libc::MREMAP_MAYMOVE) };
    if q == libc::MAP_FAILED { null_mut() } else { q.cast() }
}

/// Gives back what is in mapped memory: it reads as zeros then. Whether it did.
///
/// # Safety
/// Whole pages of a mapping, whose bytes nobody needs.
pub unsafe fn discard(p: *mut u8, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::madvise(p.cast(), size, libc::MADV_DONTNEED) == 0 }
}

pub fn page_size() -> usize {
    // SAFETY: no preconditions.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Takes the right to write to whole pages of a mapping away, and gives that to execute them; whether the system
/// agrees.
///
/// # Safety
/// The pages are a mapping of the caller's, who writes to them no more.
#[cfg(native_code)]
pub unsafe fn make_executable(p: *mut u8, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::mprotect(p.cast(), size, libc::PROT_READ | libc::PROT_EXEC) == 0 }
}

/// Addresses that nothing else is mapped at, which cannot be used in any way; null when there are none left.
#[cfg(native_code)]
pub fn reserve(size: usize) -> *mut u8 {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: no memory is involved but what is mapped.
    let p = unsafe { libc::mmap(null_mut(), size, libc::PROT_NONE, flags, -1, 0) };
    if p == libc::MAP_FAILED { null_mut() } else { p.cast() }
}

/// Moves mapped pages to where others are, which they take the place of at once. Nothing changes where the system does
/// not agree; whether it does.
///
/// # Safety
/// `from` is a mapping of the caller's, `to` a part of one whose bytes nobody needs, or which are the same.
#[cfg(native_code)]
pub unsafe fn replace(from: *mut u8, to: *mut u8, size: usize) -> bool {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: the caller's promise.
    unsafe { libc::mremap(from.cast(), size, size, flags, to) == to.cast() }
}

/// Gives back what is in whole pages of a mapping, which stay mapped and cannot be used in any way. Nothing changes
/// where the system does not agree.
///
/// # Safety
/// The pages are a part of a mapping of the caller's, whose bytes nobody needs.
#[cfg(native_code)]
pub unsafe fn forbid(p: *mut u8, size: usize) {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
    // SAFETY: the caller's promise.
    unsafe { libc::mmap(p.cast(), size, libc::PROT_NONE, flags, -1, 0) };
}

/// Each thread of the process passes a full barrier of memory now. It may be called from signal handlers. (Where the
/// system cannot do it, what other threads have stored becomes visible a little later all the same.)
pub fn order_other_processors() {
    const REGISTER: c_int = 1 << 4;
    const BARRIER: c_int = 1 << 3;
    let before = errno();
    // SAFETY: the call has no effect but the barrier.
    unsafe {
        libc::syscall(libc::SYS_membarrier, REGISTER, 0, 0);
        libc::syscall(libc::SYS_membarrier, BARRIER, 0, 0);
    }
    set_errno(before);
}

/// Maps a copy of the bytes that can be executed and was never writable, by way of a file without a name; null where
/// the system does not agree.
#[cfg(native_code)]
pub fn map_executable_copy(bytes: &[u8]) -> *mut u8 {
    // SAFETY: a terminated name; a descriptor of ours, closed once; a fresh mapping.
    unsafe {
        // A system call, because linking to the function would ask for the version of the C library that brought it.
        let file = libc::syscall(libc::SYS_memfd_create, c"lua".as_ptr(), libc::MFD_CLOEXEC) as c_int;
        if file < 0 {
            return null_mut();
        }
        let mut left = bytes;
        while !left.is_empty() {
            match libc::write(file, left.as_ptr().cast(), left.len()) {
                written if written > 0 => left = &left[written as usize..],
                _ => break,
            }
        }
        let mut p = libc::MAP_FAILED;
        if left.is_empty() {
            let rights = libc::PROT_READ | libc::PROT_EXEC;
            p = libc::mmap(null_mut(), bytes.len(), rights, libc::MAP_PRIVATE, file, 0);
        }
        libc::close(file);
        if p == libc::MAP_FAILED { null_mut() } else { p.cast() }
    }
}

/// For tests: from now on, nothing in this process becomes executable that was writable. Whether the system can do
/// that.
#[cfg(all(native_code, test))]
pub fn refuse_changes_to_executable() -> bool {
    const PR_SET_MDWE: c_int = 65;
    const PR_MDWE_REFUSE_EXEC_GAIN: libc::c_ulong = 1;
    // SAFETY: this call of prctl takes numbers and touches no memory of the program.
    unsafe { libc::prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0 }
}

/// For tests: from now on, this process opens nothing more. Whether the system agrees.
#[cfg(all(native_code, test))]
pub fn refuse_new_files() -> bool {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a record that is only read.
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &none) == 0 }
}

// --- environment

/// What the environment says; nothing where it is not to be trusted, because the program has more rights than its
/// caller.
#[cfg(native_code)]
pub fn trusted_environment(name: &CStr) -> Option<&'static CStr> {
    unsafe extern "C" {
        fn secure_getenv(name: *const c_char) -> *const c_char;
    }
    // SAFETY: a terminated name. The value is read before anybody changes the environment.
    unsafe {
        let value = secure_getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value))
    }
}

/// Appends a line to a file, which is made if need be; where it is in the way of others, or the system does not agree,
/// not.
#[cfg(native_code)]
pub fn append_to_file(path: &CStr, bytes: &[u8]) {
    // No symbolic link is followed, and no pipe waited for, which somebody else may have put there.
    let flags = libc::O_WRONLY
        | libc::O_APPEND
        | libc::O_CREAT
        | libc::O_CLOEXEC
        | libc::O_NOFOLLOW
        | libc::O_NONBLOCK
        | libc::O_NOCTTY;
    // SAFETY: a terminated path, bytes with their size, a descriptor of ours that is closed once.
    unsafe {
        let file = libc::open(path.as_ptr(), flags, 0o600 as libc::c_uint);
        if file >= 0 {
            libc::write(file, bytes.as_ptr().cast(), bytes.len());
            libc::close(file);
        }
    }
}

#[cfg(native_code)]
pub fn process_number() -> c_int {
    // SAFETY: no preconditions.
    unsafe { libc::getpid() }
}

// --- threads

/// A number that tells threads apart. Where the ABI has a register for it, no call is needed.
#[inline(always)]
pub fn current_thread() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        let pointer: usize;
        // SAFETY: the ABI has the thread's control block begin with its own address.
        unsafe {
            core::arch::asm!("mov {}, fs:[0]", out(reg) pointer, options(nostack, preserves_flags, readonly))
        };
        pointer
    }
    #[cfg(target_arch = "aarch64")]
    {
        let pointer: usize;
        // SAFETY: reads a register.
        unsafe {
            core::arch::asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nostack, preserves_flags, nomem))
        };
        pointer
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        // SAFETY: no preconditions.
        unsafe { libc::pthread_self() as usize }
    }
}

/// Lowest address and size of the stack that the system gave to this thread.
pub fn own_stack() -> Option<(usize, usize)> {
    use core::mem::transmute;
    type GetAttr = unsafe extern "C" fn(libc::pthread_t, *mut libc::pthread_attr_t) -> c_int;
    type GetStack = unsafe extern "C" fn(*const libc::pthread_attr_t, *mut *mut c_void, *mut usize) -> c_int;
    type GetGuard = unsafe extern "C" fn(*const libc::pthread_attr_t, *mut usize) -> c_int;
    // Looked up, because linking to them would ask for the version of the C library that moved them to its main part.
    let names = [c"pthread_getattr_np", c"pthread_attr_getstack", c"pthread_attr_getguardsize"];
    // SAFETY: the name is a terminated string; dlsym only looks it up.
    let found = names.map(|name| unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) });
    if found.iter().any(|f| f.is_null()) {
        return None;
    }
    // SAFETY: the functions of these names have these types; the attributes are used only when they were filled in.
    unsafe {
        let get_attr: GetAttr = transmute(found[0]);
        let get_stack: GetStack = transmute(found[1]);
        let get_guard: GetGuard = transmute(found[2]);
        let mut attr = MaybeUninit::uninit();
        if get_attr(libc::pthread_self(), attr.as_mut_ptr()) != 0 {
            return None;
        }
        let (mut low, mut size, mut guard) = (null_mut(), 0, 0);
        // Whether the guard pages are part of the stack depends on the C library; so they are left out twice.
        let known = get_stack(attr.as_ptr(), &mut low, &mut size) == 0
            && get_guard(attr.as_ptr(), &mut guard) == 0
            && guard < size;
        libc::pthread_attr_destroy(attr.as_mut_ptr());
        known.then(|| (low as usize + guard, size - guard))
    }
}

// --- the loader

/// The library with the unwinder, for a process that has none yet.
pub const UNWINDER_LIBRARY: &CStr = c"libgcc_s.so.1";
/// The libraries that may have the run-time functions of C++.
pub const CXX_LIBRARIES: [&CStr; 2] = [c"libstdc++.so.6", c"libc++abi.so.1"];

/// Loads a library, with its symbols visible to all if it is `global`; null on failure.
pub fn open_library(path: &CStr, global: bool) -> *mut c_void {
    let visible = if global { libc::RTLD_GLOBAL } else { libc::RTLD_LOCAL };
    // SAFETY: a terminated string. What the library does when it is loaded is the business of who names it.
    unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | visible) }
}

/// A library that is loaded already; null if it is not.
pub fn find_library(path: &CStr) -> *mut c_void {
    // SAFETY: a terminated string; nothing is loaded.
    unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_NOLOAD) }
}

/// Gives a library back; whether that was possible.
///
/// # Safety
/// A handle of one of the two functions above, given back once, of whose code and data nothing is used any more.
pub unsafe fn close_library(handle: *mut c_void) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::dlclose(handle) == 0 }
}

/// The address of a symbol, or null.
///
/// # Safety
/// A handle that was not given back.
pub unsafe fn symbol(handle: *mut c_void, name: &CStr) -> *mut c_void {
    // SAFETY: the caller's promise, and a terminated string.
    unsafe { libc::dlsym(handle, name.as_ptr()) }
}

/// Why the loader failed last: a terminated text, or null.
pub fn loader_error() -> *const c_char {
    // SAFETY: no preconditions.
    unsafe { libc::dlerror() }
}

/// The number of objects that the loader has loaded and unloaded so far; zeros where it does not tell.
pub fn objects_counted() -> (u64, u64) {
    unsafe extern "C" fn first(info: *mut libc::dl_phdr_info, _size: usize, out: *mut c_void) -> c_int {
        // SAFETY: the loader passes a valid record, we passed `out`. Every glibc since 2.4 and musl fill in the counts.
        unsafe { *out.cast::<(u64, u64)>() = ((*info).dlpi_adds, (*info).dlpi_subs) };
        1
    }
    let mut counts = (0u64, 0u64);
    // SAFETY: `first` writes the two counts.
    unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut counts).cast()) };
    counts
}

/// The loaded object that contains an address.
#[cfg(naked_stubs)]
pub struct Object {
    /// `.eh_frame_hdr`, 0 if there is none.
    pub header: usize,
    /// The segment that holds it, and `.eh_frame` as well.
    pub segment: core::ops::Range<usize>,
    /// Whether it stays as long as whoever asked.
    pub permanent: bool,
}

#[cfg(naked_stubs)]
struct Search {
    pc: usize,
    own: usize,
    found: Option<Object>,
}

/// The object that contains `pc`. `own` is an address in the one that asks.
#[cfg(naked_stubs)]
pub fn find_object(pc: usize, own: usize) -> Option<Object> {
    let mut search = Search { pc, own, found: None };
    // SAFETY: `visit` gets the search it expects.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.found
}

#[cfg(naked_stubs)]
unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _size: usize, search: *mut c_void) -> c_int {
    // SAFETY: the loader passes a valid record of a mapped object, `find_object` its search.
    unsafe {
        let search = &mut *search.cast::<Search>();
        let info = &*info;
        let headers = core::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize);
        let holds = |address: usize| {
            headers.iter().find_map(|h| {
                let start = (info.dlpi_addr as usize).wrapping_add(h.p_vaddr as usize);
                let inside = h.p_type == libc::PT_LOAD && address.wrapping_sub(start) < h.p_memsz as usize;
                inside.then(|| start..start + h.p_memsz as usize)
            })
        };
        if holds(search.pc).is_none() {
            return 0;
        }
        let header = headers
            .iter()
            .find(|h| h.p_type == libc::PT_GNU_EH_FRAME)
            .map(|h| (info.dlpi_addr as usize).wrapping_add(h.p_vaddr as usize));
        let permanent =
            info.dlpi_phdr as usize == libc::getauxval(libc::AT_PHDR) as usize || holds(search.own).is_some();
        search.found = Some(match header {
            Some(header) => Object { header, segment: holds(header).unwrap_or(0..0), permanent },
            None => Object { header: 0, segment: 0..0, permanent },
        });
        1
    }
}
