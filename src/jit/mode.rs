//! What the environment asks of native code. The program `lua`, which sees only the C API, reads this file, too.

/// The environment's variable.
pub const VARIABLE: &core::ffi::CStr = c"LIBLUA_JIT";

/// When functions are compiled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
#[repr(u8)]
pub enum Mode {
    /// never
    Off = 1,
    /// when they run often
    On,
    /// when they run first
    Always,
    /// When they run first, and again at random: their code is thrown away.
    FlushStress,
}

impl Mode {
    pub const ALL: [Mode; 4] = [Mode::Off, Mode::On, Mode::Always, Mode::FlushStress];

    pub fn name(self) -> &'static str {
        match self {
            Mode::Off => "off",
            Mode::On => "on",
            Mode::Always => "always",
            Mode::FlushStress => "flush-stress",
        }
    }
    /// What a value of the variable means, or its absence. What is no mode is `On`, as nothing is.
    pub fn asked(value: Option<&[u8]>) -> Mode {
        let named = |mode: &Mode| value == Some(mode.name().as_bytes());
        Mode::ALL.into_iter().find(named).unwrap_or(Mode::On)
    }
}
