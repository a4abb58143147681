//! Options that Lua 5.2 does not have: what a script may use, and whether functions become native code. They set what
//! `luax.h` has for hosts.

use lua_programs::*;
use std::ffi::c_int;

/// What the options ask for; what is none stays as the library has it.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Limits {
    /// Bytes.
    memory: Option<usize>,
    /// Seconds.
    time: Option<f64>,
    /// Calls and backward jumps.
    steps: Option<f64>,
    /// A mode of `luaX_jit`.
    jit: Option<c_int>,
}

/// The names of the modes, as the environment's variable has them.
const MODES: [(&str, c_int); 3] = [("off", LUAX_JITOFF), ("on", LUAX_JITON), ("always", LUAX_JITALWAYS)];

impl Limits {
    /// Takes an option that begins with `--`, without that. None: there is no such option, or its value makes no sense.
    pub fn take(&mut self, option: &str) -> Option<()> {
        let (name, value) = option.split_once('=')?;
        match name {
            "memory" => self.memory = Some(bytes(value)?),
            "time" => self.time = Some(amount(value)?),
            "steps" => self.steps = Some(amount(value)?),
            "jit" => self.jit = Some(MODES.iter().find(|(mode, _)| *mode == value)?.1),
            _ => return None,
        }
        Some(())
    }

    /// Whether a script can run into one of them.
    pub fn any(&self) -> bool {
        self.memory.is_some() || self.time.is_some() || self.steps.is_some()
    }

    /// The mode that was asked for.
    pub fn jit(&self) -> Option<&'static str> {
        MODES.iter().find(|(_, mode)| Some(*mode) == self.jit).map(|(name, _)| *name)
    }

    /// Sets them. False: there is no native code to switch on.
    ///
    /// # Safety
    /// `l` is a thread of a state that only this native thread uses.
    pub unsafe fn set(&self, l: *mut lua_State) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            if let Some(bytes) = self.memory {
                luaX_setmemlimit(l, bytes);
            }
            if let Some(seconds) = self.time {
                luaX_settime(l, seconds);
            }
            if let Some(steps) = self.steps {
                luaX_setsteps(l, steps);
            }
            self.jit.is_none_or(|mode| luaX_jit(l, mode) != -1 || mode == LUAX_JITOFF)
        }
    }
}

/// A number that is at least 0.
fn amount(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| *number >= 0.0 && number.is_finite())
}

/// A number of bytes, of which there is at least one, with or without a unit behind it.
fn bytes(text: &str) -> Option<usize> {
    let (number, unit) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1u64 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    Some((amount(number)? * unit as f64) as usize).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(option: &str) -> Option<Limits> {
        let mut limits = Limits::default();
        limits.take(option).map(|()| limits)
    }

    #[test]
    fn options() {
        let none = Limits::default();
        assert_eq!(taken("memory=64M"), Some(Limits { memory: Some(64 << 20), ..none }));
        assert_eq!(taken("memory=1.5K"), Some(Limits { memory: Some(1536), ..none }));
        assert_eq!(taken("memory=1e6"), Some(Limits { memory: Some(1_000_000), ..none }));
        assert_eq!(taken("memory=1e300"), Some(Limits { memory: Some(usize::MAX), ..none }));
        assert_eq!(taken("time=2.5"), Some(Limits { time: Some(2.5), ..none }));
        assert_eq!(taken("steps=1e8"), Some(Limits { steps: Some(1e8), ..none }));
        assert_eq!(taken("steps=0"), Some(Limits { steps: Some(0.0), ..none }));
        assert_eq!(taken("jit=off"), Some(Limits { jit: Some(LUAX_JITOFF), ..none }));
        assert_eq!(taken("jit=always").and_then(|limits| limits.jit()), Some("always"));
        for bad in [
            "memory",
            "memory=",
            "memory=0",
            "memory=M",
            "memory=-1",
            "memory=nan",
            "memory=1X",
            "memory=1é",
            "time=",
            "time=-1",
            "time=inf",
            "time=NaN",
            "steps=x",
            "jit=",
            "jit=maybe",
            "",
            "=",
            "unknown=1",
        ] {
            assert_eq!(taken(bad), None, "{bad}");
        }
    }
}
