//! placeholder
pub const RESERVED: [&str; 0] = [];
