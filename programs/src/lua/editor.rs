//! The line editor of the interactive mode at a terminal: history, colours and completion.

use crate::complete;
use crate::syntax::{self, Class};
use lua_programs::lua_State;
use rustyline::completion::Completer;
use rustyline::config::Config;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Context, Helper};
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// How a line ended.
pub enum Input {
    Line(Vec<u8>),
    /// Ctrl-C: the user wants to start the statement again.
    Cancelled,
    End,
}

pub struct Editor {
    editor: rustyline::Editor<Assistant, FileHistory>,
    history: Option<PathBuf>,
}

impl Editor {
    /// None unless both standard input and output are a terminal that can move its cursor.
    pub fn new(l: *mut lua_State, ignore_environment: bool) -> Option<Editor> {
        let variable = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let able =
            variable("TERM").is_some_and(|term| !matches!(term.to_str(), Some("dumb" | "cons25" | "emacs")));
        if !able || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .auto_add_history(false)
            .max_history_size(1000)
            .and_then(|config| config.history_ignore_dups(true))
            .ok()?
            .build();
        let mut editor = rustyline::Editor::with_config(config).ok()?;
        editor.set_helper(Some(Assistant {
            l,
            before: String::new(),
            colours: variable("NO_COLOR").is_none(),
        }));
        let history = match std::env::var_os("LUA_HISTORY") {
            _ if ignore_environment => None,
            Some(path) => (!path.is_empty()).then(|| path.into()),
            None => variable("HOME").map(|home| PathBuf::from(home).join(".lua_history")),
        };
        if let Some(path) = &history {
            // There may be none yet.
            let _ = editor.load_history(path);
        }
        Some(Editor { editor, history })
    }

    /// Reads a line of a statement whose earlier lines are `before`.
    pub fn read(&mut self, prompt: &str, before: &[u8]) -> Input {
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.before = String::from_utf8_lossy(before).into_owned();
        }
        match self.editor.readline(prompt) {
            Ok(line) => Input::Line(line.into_bytes()),
            Err(ReadlineError::Interrupted) => Input::Cancelled,
            Err(_) => Input::End,
        }
    }

    /// Keeps a statement, at once, as it may end the program.
    pub fn remember(&mut self, statement: &[u8]) {
        let added = self.editor.add_history_entry(String::from_utf8_lossy(statement));
        if let (Ok(true), Some(path)) = (added, &self.history) {
            // A history that cannot be written is no reason to stop.
            let _ = self.editor.append_history(path);
        }
    }
}

/// What the line editor asks.
struct Assistant {
    l: *mut lua_State,
    /// The earlier lines of the statement, each with its end.
    before: String,
    colours: bool,
}

impl Helper for Assistant {}
impl Hinter for Assistant {
    type Hint = String;
}
impl Validator for Assistant {}

impl Completer for Assistant {
    type Candidate = String;
    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let text = format!("{}{}", self.before, &line[..pos]);
        // SAFETY: the interpreter waits for this line.
        let (start, words) = unsafe { complete::complete(self.l, &text) };
        Ok((start.saturating_sub(self.before.len()), words))
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if !self.colours {
            return Cow::Borrowed(line);
        }
        let text = format!("{}{line}", self.before);
        let mut out = String::with_capacity(2 * line.len());
        let mut at = self.before.len();
        for (place, class) in syntax::tokens(&text) {
            if place.end <= at {
                continue;
            }
            // A string that began in an earlier line.
            let start = place.start.max(at);
            out += &text[at..start];
            let token = &text[start..place.end];
            match colour(class) {
                Some(code) => out += &format!("\x1b[{code}m{token}\x1b[0m"),
                None => out += token,
            }
            at = place.end;
        }
        out += &text[at..];
        Cow::Owned(out)
    }
    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.colours && kind != CmdKind::MoveCursor
    }
}

fn colour(class: Class) -> Option<&'static str> {
    match class {
        Class::Keyword => Some("1;34"),
        Class::Literal => Some("35"),
        Class::Number => Some("36"),
        Class::String => Some("32"),
        Class::Comment => Some("90"),
        Class::Name | Class::Other => None,
    }
}
