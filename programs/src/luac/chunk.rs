//! A binary chunk as the library dumps it, taken apart and put together again.
//!
//! Only chunks that this process got from `lua_dump` come here, so they are complete and fit this machine.

/// A function of a chunk.
pub struct Function {
    pub first_line: i32,
    pub last_line: i32,
    pub parameters: u8,
    pub vararg: bool,
    pub registers: u8,
    pub code: Vec<u32>,
    pub constants: Vec<Constant>,
    pub functions: Vec<Function>,
    /// Whether it is a local variable of the enclosing function, and its place there.
    pub upvalues: Vec<(bool, u8)>,
    pub source: Text,
    pub lines: Vec<i32>,
    pub locals: Vec<Local>,
    pub upvalue_names: Vec<Text>,
}

/// A string; none if the chunk has none there.
pub type Text = Option<Vec<u8>>;

pub enum Constant {
    Nil,
    Boolean(bool),
    Number(f64),
    String(Vec<u8>),
}

/// A local variable with the instructions where it is alive.
pub struct Local {
    pub name: Text,
    pub from: i32,
    pub to: i32,
}

const HEADER: usize = 18;
const NIL: u8 = 0;
const BOOLEAN: u8 = 1;
const NUMBER: u8 = 3;
const STRING: u8 = 4;

/// The main function of a dump, and the dump's header.
pub fn read(dump: &[u8]) -> (Vec<u8>, Function) {
    let mut input = Input(&dump[HEADER..]);
    (dump[..HEADER].to_vec(), input.function())
}

/// The chunk of a function, with or without debug information.
pub fn write(header: &[u8], function: &Function, strip: bool) -> Vec<u8> {
    let mut output = Output { bytes: header.to_vec(), strip };
    output.function(function);
    output.bytes
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take(&mut self, n: usize) -> &[u8] {
        let (taken, rest) = self.0.split_at(n);
        self.0 = rest;
        taken
    }
    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }
    fn int(&mut self) -> i32 {
        i32::from_ne_bytes(self.take(4).try_into().expect("4 bytes"))
    }
    fn text(&mut self) -> Text {
        let size = usize::from_ne_bytes(self.take(size_of::<usize>()).try_into().expect("a size"));
        (size > 0).then(|| self.take(size)[..size - 1].to_vec())
    }
    /// A count and so many items.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.int()).map(|_| item(self)).collect()
    }
    fn constant(&mut self) -> Constant {
        match self.byte() {
            BOOLEAN => Constant::Boolean(self.byte() != 0),
            NUMBER => Constant::Number(f64::from_ne_bytes(self.take(8).try_into().expect("8 bytes"))),
            STRING => Constant::String(self.text().unwrap_or_default()),
            _ => Constant::Nil,
        }
    }
    fn function(&mut self) -> Function {
        Function {
            first_line: self.int(),
            last_line: self.int(),
            parameters: self.byte(),
            vararg: self.byte() != 0,
            registers: self.byte(),
            code: self.list(|i| i.int() as u32),
            constants: self.list(Self::constant),
            functions: self.list(Self::function),
            upvalues: self.list(|i| (i.byte() != 0, i.byte())),
            source: self.text(),
            lines: self.list(Self::int),
            locals: self.list(|i| Local { name: i.text(), from: i.int(), to: i.int() }),
            upvalue_names: self.list(Self::text),
        }
    }
}

struct Output {
    bytes: Vec<u8>,
    strip: bool,
}

impl Output {
    fn byte(&mut self, b: u8) {
        self.bytes.push(b);
    }
    fn int(&mut self, n: i32) {
        self.bytes.extend(n.to_ne_bytes());
    }
    fn text(&mut self, text: Option<&[u8]>) {
        self.bytes.extend(text.map_or(0, |t| t.len() + 1).to_ne_bytes());
        if let Some(text) = text {
            self.bytes.extend(text);
            self.byte(0);
        }
    }
    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.int(items.len() as i32);
        for i in items {
            item(self, i);
        }
    }
    /// A list of debug information, empty when that is left out.
    fn debug<T>(&mut self, items: &[T], item: impl FnMut(&mut Self, &T)) {
        let items = if self.strip { &[] } else { items };
        self.list(items, item);
    }
    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::Nil => self.byte(NIL),
            Constant::Boolean(b) => {
                self.byte(BOOLEAN);
                self.byte(*b as u8);
            }
            Constant::Number(n) => {
                self.byte(NUMBER);
                self.bytes.extend(n.to_ne_bytes());
            }
            Constant::String(s) => {
                self.byte(STRING);
                self.text(Some(s));
            }
        }
    }
    fn function(&mut self, f: &Function) {
        self.int(f.first_line);
        self.int(f.last_line);
        self.byte(f.parameters);
        self.byte(f.vararg as u8);
        self.byte(f.registers);
        self.list(&f.code, |o, i| o.int(*i as i32));
        self.list(&f.constants, Self::constant);
        self.list(&f.functions, Self::function);
        self.list(&f.upvalues, |o, u| {
            o.byte(u.0 as u8);
            o.byte(u.1);
        });
        self.text(if self.strip { None } else { f.source.as_deref() });
        self.debug(&f.lines, |o, line| o.int(*line));
        self.debug(&f.locals, |o, local| {
            o.text(local.name.as_deref());
            o.int(local.from);
            o.int(local.to);
        });
        self.debug(&f.upvalue_names, |o, name| o.text(name.as_deref()));
    }
}
