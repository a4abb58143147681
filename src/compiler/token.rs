//! Tokens: a single byte stands for itself, everything longer has a number above the bytes.

use crate::object::{Gc, Str};

/// Kind of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tok(pub u16);

/// Number of the first token that is not a single byte.
const FIRST: u16 = 257;

macro_rules! tokens {
    ($($name:ident $text:literal)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "the names of the tokens as constants")]
        #[repr(u16)]
        enum Index { $($name),* }
        impl Tok {
            $(pub const $name: Tok = Tok(FIRST + Index::$name as u16);)*
        }
        const TEXTS: &[&str] = &[$($text),*];
    };
}

tokens! {
    AND "and" BREAK "break" DO "do" ELSE "else" ELSEIF "elseif" END "end" FALSE "false" FOR "for"
    FUNCTION "function" GOTO "goto" IF "if" IN "in" LOCAL "local" NIL "nil" NOT "not" OR "or" REPEAT "repeat"
    RETURN "return" THEN "then" TRUE "true" UNTIL "until" WHILE "while"
    CONCAT ".." DOTS "..." EQ "==" GE ">=" LE "<=" NE "~=" DBCOLON "::"
    EOS "<eof>" NUMBER "<number>" NAME "<name>" STRING "<string>"
}

/// The reserved words. A state's string for word `i` has `Str::reserved() == i + 1`, and is never collected.
pub const RESERVED: [&str; RESERVED_COUNT] = {
    let mut words = [""; RESERVED_COUNT];
    let mut i = 0;
    while i < RESERVED_COUNT {
        words[i] = TEXTS[i];
        i += 1;
    }
    words
};
const RESERVED_COUNT: usize = Index::WHILE as usize + 1;

impl Tok {
    #[inline(always)]
    pub const fn byte(b: u8) -> Tok {
        Tok(b as u16)
    }
    /// The token of the reserved word with this `Str::reserved()`.
    #[inline(always)]
    pub fn of_reserved(reserved: u8) -> Tok {
        Tok(FIRST - 1 + reserved as u16)
    }
    /// The byte of a single-byte token.
    pub fn as_byte(self) -> Option<u8> {
        u8::try_from(self.0).ok()
    }
    /// The text of a longer token.
    pub fn text(self) -> &'static str {
        TEXTS[(self.0 - FIRST) as usize]
    }
    /// Whether the token always has the same text (the others are named by kind in messages).
    pub fn is_fixed(self) -> bool {
        self.0 < Tok::EOS.0
    }
    /// Name, string or number: its text is in the source.
    pub fn has_source_text(self) -> bool {
        self.0 > Tok::EOS.0
    }
}

/// A token with its value.
#[derive(Clone, Copy)]
pub struct Token {
    pub kind: Tok,
    /// of a NUMBER
    pub number: f64,
    /// of a NAME or STRING
    pub string: Option<Gc<Str>>,
}

impl Token {
    pub const fn plain(kind: Tok) -> Token {
        Token { kind, number: 0.0, string: None }
    }
}
