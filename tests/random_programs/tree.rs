//! A program as a tree of statements and expressions, and how it is made small.

/// A piece of a statement or an expression.
#[derive(Clone)]
pub enum Part {
    Text(String),
    Block(Vec<Node>),
    /// an expression
    Value(Node),
}

/// A statement or an expression.
#[derive(Clone)]
pub struct Node(pub Vec<Part>);

impl Node {
    pub fn text(text: &str) -> Node {
        Node(vec![Part::Text(text.to_string())])
    }
    fn write(&self, out: &mut String, depth: usize) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(&text.replace('\n', &line_at(depth))),
                Part::Value(value) => value.write(out, depth),
                Part::Block(statements) => {
                    for (i, statement) in statements.iter().enumerate() {
                        let line = line_at(depth + 1);
                        out.push_str(if i == 0 { "  " } else { &line });
                        statement.write(out, depth + 1);
                    }
                }
            }
        }
    }
}

fn line_at(depth: usize) -> String {
    "\n".to_string() + &"  ".repeat(depth)
}

/// The text of a program.
pub fn text(program: &[Node]) -> String {
    let mut out = String::new();
    for statement in program {
        statement.write(&mut out, 0);
        out.push('\n');
    }
    out
}

/// What an expression may become, if none of those in it does.
const SIMPLE: &[&str] = &["1", "nil", "'x'", "{}"];

/// Makes a program small as long as `fails` says that it still shows what it showed: takes statements away, puts the
/// statements of a block in the place of the one around it, and an expression in the place of the one around it.
pub fn shrink(program: Vec<Node>, fails: &mut dyn FnMut(&[Node]) -> bool) -> Vec<Node> {
    let mut root = Node(vec![Part::Block(program)]);
    let mut fails = |root: &Node| fails(block_of(root));
    loop {
        let before = size(&root);
        let mut path = Vec::new();
        shrink_node(&mut root, &mut path, &mut fails);
        if size(&root) >= before {
            return block_of(&root).to_vec();
        }
    }
}

fn block_of(root: &Node) -> &[Node] {
    match &root.0[0] {
        Part::Block(statements) => statements,
        _ => unreachable!("the root is a block"),
    }
}

fn size(node: &Node) -> usize {
    let of = |part: &Part| match part {
        Part::Text(text) => text.len(),
        Part::Value(value) => 1 + size(value),
        Part::Block(statements) => statements.iter().map(|s| 1 + size(s)).sum(),
    };
    node.0.iter().map(of).sum()
}

/// The way from the root to a node: the part, and its number in a block.
type Path = Vec<(usize, usize)>;

fn node_at<'a>(root: &'a mut Node, path: &[(usize, usize)]) -> &'a mut Node {
    path.iter().fold(root, |node, &(part, i)| match &mut node.0[part] {
        Part::Block(statements) => &mut statements[i],
        Part::Value(value) => value,
        Part::Text(_) => unreachable!("a path leads to nodes"),
    })
}

/// Puts `new` in the place of the part if the program fails then, too.
fn try_part(
    root: &mut Node,
    path: &Path,
    part: usize,
    new: Part,
    fails: &mut dyn FnMut(&Node) -> bool,
) -> bool {
    let old = std::mem::replace(&mut node_at(root, path).0[part], new);
    let failed = fails(root);
    if !failed {
        node_at(root, path).0[part] = old;
    }
    failed
}

fn shrink_node(root: &mut Node, path: &mut Path, fails: &mut dyn FnMut(&Node) -> bool) {
    for part in 0..node_at(root, path).0.len() {
        match node_at(root, path).0[part].clone() {
            Part::Text(_) => {}
            Part::Block(_) => shrink_block(root, path, part, fails),
            Part::Value(value) => {
                let inner = value.0.iter().filter_map(|part| match part {
                    Part::Value(value) => Some(value.clone()),
                    _ => None,
                });
                let simple = SIMPLE.iter().map(|text| Node::text(text));
                for new in simple.filter(|new| size(new) < size(&value)).chain(inner) {
                    if try_part(root, path, part, Part::Value(new), fails) {
                        break;
                    }
                }
                path.push((part, 0));
                shrink_node(root, path, fails);
                path.pop();
            }
        }
    }
}

fn shrink_block(root: &mut Node, path: &mut Path, part: usize, fails: &mut dyn FnMut(&Node) -> bool) {
    fn statements(root: &mut Node, path: &Path, part: usize) -> Vec<Node> {
        match &node_at(root, path).0[part] {
            Part::Block(statements) => statements.clone(),
            _ => unreachable!("it is a block"),
        }
    }
    // Halves, quarters and so on, from the end.
    let mut count = statements(root, path, part).len();
    while count > 0 {
        let mut end = statements(root, path, part).len();
        while end > 0 {
            let mut rest = statements(root, path, part);
            let start = end.saturating_sub(count);
            rest.drain(start..end);
            try_part(root, path, part, Part::Block(rest), fails);
            end = start;
        }
        count /= 2;
    }
    let mut i = 0;
    while i < statements(root, path, part).len() {
        // What is in the statement, without it.
        let all = statements(root, path, part);
        for inner in all[i].0.iter() {
            if let Part::Block(inner) = inner {
                let mut new = all.clone();
                new.splice(i..=i, inner.iter().cloned());
                if try_part(root, path, part, Part::Block(new), fails) {
                    break;
                }
            }
        }
        if i < statements(root, path, part).len() {
            path.push((part, i));
            shrink_node(root, path, fails);
            path.pop();
        }
        i += 1;
    }
}
