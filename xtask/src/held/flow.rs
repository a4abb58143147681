//! What each function holds over calls that may collect, move a stack or run foreign code.
//!
//! 1. `reach`: what each function may cause, a fixed point over the calls.
//! 2. Within a function: the locals that are live after such a call and were there before it, and their origins.
//! 3. A parameter that is held is the business of the callers: what they pass counts as held over their call. This is a
//!    fixed point, too. What is left are the places where a pointer came from memory of the state: the findings.

use super::Result;
use super::error::Error;
use super::list::List;
use super::mir::{Function, Statement};
use super::names::{Names, Targets};
use super::types::{Threat, Threats, Types, last_segment};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A function with what was found out about it.
struct Node {
    targets: Vec<Option<Targets>>,
    /// The closures it may be given.
    closures: BTreeSet<usize>,
    /// Its calls through pointers do nothing.
    quiet: bool,
    /// What it causes at most.
    limit: Threats,
    reach: Threats,
    /// For each local: the locals that are read when it is (what it borrows).
    loans: Vec<BTreeSet<usize>>,
    origins: Vec<BTreeSet<Origin>>,
    /// For each parameter: what it is held over.
    holds: Vec<Threats>,
}

/// Where the pointer in a local comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Parameter(usize),
    /// Read or returned into this local.
    Local(usize),
}

/// A pointer that is held.
pub struct Finding {
    pub function: String,
    pub variable: String,
    pub ty: String,
    pub over: BTreeSet<String>,
    pub threats: Threats,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let over: Vec<&str> = self.over.iter().map(String::as_str).collect();
        let over = over.join(", ");
        write!(f, "{}  {}  {}  ({} over {over})", self.function, self.variable, self.threats, self.ty)
    }
}

/// What the analysis is told about functions, by their keys.
pub struct Known {
    /// Functions that free objects themselves.
    pub frees: &'static [&'static str],
    /// Functions that move a stack themselves.
    pub moves: &'static [&'static str],
    /// Functions in which foreign code runs that the compiler does not see called.
    pub runs: &'static [&'static str],
    /// Functions whose result is, or is within, the object that an argument is.
    pub same: &'static [&'static str],
    /// Functions whose result lives for ever.
    pub fixed: &'static [&'static str],
}

/// Everything found out about the functions, but for what they hold.
fn nodes(
    functions: &[Function],
    names: &Names,
    types: &Types,
    known: &Known,
    list: &List,
) -> Result<Vec<Node>> {
    let find = |list: &[&str]| -> Result<BTreeSet<usize>> {
        let mut found = BTreeSet::new();
        for name in list {
            let ends = |f: &Function| {
                f.title.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
            };
            let old = found.len();
            found.extend(functions.iter().enumerate().filter(|(_, f)| ends(f)).map(|(i, _)| i));
            if found.len() == old {
                return Err(Error::NotKnown((*name).into()).into());
            }
        }
        Ok(found)
    };
    for title in list.quiet.iter().chain(list.limits.keys()) {
        if !functions.iter().any(|f| f.title == *title) {
            return Err(Error::NotListed(title.clone()).into());
        }
    }
    let calls =
        functions.iter().flat_map(|f| &f.blocks).flat_map(|b| &b.statements).filter_map(|s| s.call.as_ref());
    for callee in calls.map(|call| &call.callee) {
        let targets = names.targets(callee);
        if targets.functions.is_empty() && !targets.unknown && !targets.given && names.is_own(callee) {
            return Err(Error::NotFound(callee.clone()).into());
        }
    }
    let (same, fixed) = (find(known.same)?, find(known.fixed)?);
    let mut nodes: Vec<Node> = functions.iter().map(|f| node(f, names, types, &same, &fixed, list)).collect();
    spread_closures(functions, &mut nodes);
    let roots = [
        (known.frees, Threats::of(&[Threat::Frees])),
        (known.moves, Threats::of(&[Threat::Moves])),
        (known.runs, Threats::all()),
    ];
    for (list, threats) in roots {
        for i in find(list)? {
            nodes[i].reach.add(threats);
        }
    }
    reach(&mut nodes);
    Ok(nodes)
}

pub fn findings(
    functions: &[Function],
    names: &Names,
    types: &Types,
    known: &Known,
    list: &List,
) -> Result<Vec<Finding>> {
    let mut nodes = nodes(functions, names, types, known, list)?;
    let live: Vec<Vec<Held>> = functions.iter().zip(&nodes).map(|(f, n)| held(f, n)).collect();
    loop {
        let mut changed = false;
        for i in 0..functions.len() {
            for (threats, local, _) in pressures(i, functions, &nodes, &live, types) {
                let origins = nodes[i].origins[local].clone();
                for origin in origins {
                    if let Origin::Parameter(p) = origin {
                        changed |= nodes[i].holds[p].add(threats);
                    }
                }
            }
        }
        if !changed {
            break;
        }
    }
    let mut found: BTreeMap<(String, String), Finding> = BTreeMap::new();
    for (i, function) in functions.iter().enumerate() {
        for (threats, local, callee) in pressures(i, functions, &nodes, &live, types) {
            for origin in &nodes[i].origins[local] {
                let Origin::Local(from) = *origin else { continue };
                let variable = variable(function, types, from, local);
                let key = (function.title.clone(), variable.clone());
                let finding = found.entry(key).or_insert_with(|| Finding {
                    function: function.title.clone(),
                    variable,
                    ty: function.locals[from].ty.clone(),
                    over: BTreeSet::new(),
                    threats: Threats::default(),
                });
                finding.over.insert(callee.clone());
                finding.threats.add(threats);
            }
        }
    }
    Ok(found.into_values().collect())
}

/// What each function may cause.
pub fn reaches(
    functions: &[Function],
    names: &Names,
    types: &Types,
    known: &Known,
    list: &List,
) -> Result<Vec<(String, Threats)>> {
    let nodes = nodes(functions, names, types, known, list)?;
    Ok(functions.iter().zip(&nodes).map(|(f, n)| (f.title.clone(), n.reach)).collect())
}

fn node(
    function: &Function,
    names: &Names,
    types: &Types,
    same: &BTreeSet<usize>,
    fixed: &BTreeSet<usize>,
    list: &List,
) -> Node {
    let statements = || function.blocks.iter().flat_map(|block| &block.statements);
    let targets: Vec<Option<Targets>> =
        statements().map(|s| s.call.as_ref().map(|c| names.targets(&c.callee))).collect();
    let n = function.locals.len();
    let watched: Vec<bool> = function.locals.iter().map(|local| types.is_watched(&local.ty)).collect();

    // Loans: `_5 = &_3` makes a use of _5 one of _3. They go on with what is made of _5.
    let mut loans = vec![BTreeSet::new(); n];
    loop {
        let mut changed = false;
        for s in statements() {
            let Some(to) = s.target else { continue };
            let mut new: BTreeSet<usize> = s.borrows.iter().copied().filter(|&b| watched[b]).collect();
            for &from in &s.reads {
                // The pointer in a `Gc` that was borrowed for a call is a copy afterwards.
                let copies = |b: &usize| is_plain_pointer(&function.locals[*b].ty);
                let lends = can_borrow(&function.locals[to].ty);
                new.extend(
                    loans[from].iter().filter(|b| lends && **b != to && !(s.call.is_some() && copies(b))),
                );
            }
            for b in new {
                changed |= loans[to].insert(b);
            }
        }
        if !changed {
            break;
        }
    }

    let mut origins: Vec<BTreeSet<Origin>> = vec![BTreeSet::new(); n];
    for p in 1..=function.parameters {
        if watched[p] {
            origins[p].insert(Origin::Parameter(p));
        }
    }
    loop {
        let mut changed = false;
        for s in statements() {
            let Some(to) = s.target.filter(|&to| watched[to]) else { continue };
            let mut new = BTreeSet::new();
            let fresh = match &s.call {
                None => s.loads,
                Some(call) => {
                    let callee = last_segment(&call.callee);
                    let targets = names.targets(&call.callee);
                    if targets.functions.iter().any(|t| fixed.contains(t)) {
                        continue;
                    }
                    let same = targets.functions.iter().any(|t| same.contains(t));
                    let external = targets.functions.is_empty() && !targets.unknown && !targets.given;
                    let reads_cell = matches!(callee, "get" | "read" | "take" | "replace" | "read_unaligned")
                        && external
                        && call.callee.contains("Cell::<")
                        || external && callee.starts_with("read");
                    !(same || external && !reads_cell)
                }
            };
            if fresh {
                new.insert(Origin::Local(to));
            } else {
                for &from in &s.reads {
                    new.extend(&origins[from]);
                    for &b in &loans[from] {
                        new.extend(&origins[b]);
                    }
                }
                for &b in &s.borrows {
                    new.extend(&origins[b]);
                }
            }
            for origin in new {
                changed |= origins[to].insert(origin);
            }
        }
        if !changed {
            break;
        }
    }
    let holds = vec![Threats::default(); function.parameters + 1];
    Node {
        targets,
        closures: BTreeSet::new(),
        quiet: list.quiet.contains(&function.title),
        limit: list.limits.get(&function.title).copied().unwrap_or(Threats::all()),
        reach: Threats::default(),
        loans,
        origins,
        holds,
    }
}

fn is_plain_pointer(ty: &str) -> bool {
    ty.starts_with("Gc<")
        || ty.starts_with("Interior<")
        || ty == "Value"
        || ty == "Slot"
        || ty == "FrameRef"
        || ty.starts_with('&')
        || ty.starts_with('*')
}

/// Whether a value of the type can hold a reference to a local.
fn can_borrow(ty: &str) -> bool {
    ty.contains('&')
        || ty.contains('*')
        || ty.contains("'_")
        || ty.contains("closure")
        || ty.contains("impl ")
        || ty.contains('<')
}

/// Which closures generic functions may be given, by their callers or by those of them.
fn spread_closures(functions: &[Function], nodes: &mut [Node]) {
    loop {
        let mut changed = false;
        for (i, function) in functions.iter().enumerate() {
            for (at, s) in function.blocks.iter().flat_map(|block| &block.statements).enumerate() {
                let (Some(call), Some(targets)) = (&s.call, &nodes[i].targets[at]) else { continue };
                let mut given = BTreeSet::new();
                if call.callee.contains("{closure@") || call.callee.contains(" {") {
                    given.extend(&targets.functions);
                }
                if call.callee.contains("::<") || call.callee.contains("impl ") {
                    given.extend(&nodes[i].closures);
                }
                for t in targets.functions.clone() {
                    for &c in given.iter().filter(|&&c| c != t && is_closure(&functions[c])) {
                        changed |= nodes[t].closures.insert(c);
                    }
                }
            }
        }
        if !changed {
            return;
        }
    }
}

fn is_closure(function: &Function) -> bool {
    function.path.ends_with('}')
}

/// What a call may cause.
fn caused(targets: &Targets, node: &Node, nodes: &[Node]) -> Threats {
    let mut threats = Threats::default();
    let closures = node.closures.iter().filter(|_| targets.given);
    for &t in targets.functions.iter().chain(closures) {
        threats.add(nodes[t].reach);
    }
    if targets.unknown && !node.quiet {
        threats.add(Threats::all());
    }
    threats
}

fn reach(nodes: &mut [Node]) {
    loop {
        let mut changed = false;
        for i in 0..nodes.len() {
            let mut threats = Threats::default();
            for targets in nodes[i].targets.iter().flatten() {
                threats.add(caused(targets, &nodes[i], nodes));
            }
            let limit = nodes[i].limit;
            changed |= nodes[i].reach.add(threats.and(limit));
        }
        if !changed {
            return;
        }
    }
}

/// A statement that calls, with the locals that live on after it.
struct Held {
    statement: usize,
    live: Vec<usize>,
}

/// The calls of a function that may do something, with what is live behind each.
fn held(function: &Function, node: &Node) -> Vec<Held> {
    let n = function.locals.len();
    let mut first = Vec::new();
    let mut count = 0;
    for block in &function.blocks {
        first.push(count);
        count += block.statements.len();
    }
    let step = |live: &mut [bool], s: &Statement| {
        if let Some(to) = s.target
            && s.whole
        {
            live[to] = false;
        }
        for &r in &s.reads {
            live[r] = true;
            for &b in &node.loans[r] {
                live[b] = true;
            }
        }
    };
    let mut entry = vec![vec![false; n]; function.blocks.len()];
    let mut again = true;
    let leave = |b: usize, entry: &[Vec<bool>]| {
        let mut live = vec![false; n];
        for &next in &function.blocks[b].successors {
            for (to, from) in live.iter_mut().zip(&entry[next]) {
                *to |= from;
            }
        }
        live
    };
    while again {
        again = false;
        for b in (0..function.blocks.len()).rev() {
            let mut live = leave(b, &entry);
            for s in function.blocks[b].statements.iter().rev() {
                step(&mut live, s);
            }
            if live != entry[b] {
                entry[b] = live;
                again = true;
            }
        }
    }
    let mut found = Vec::new();
    for (b, block) in function.blocks.iter().enumerate() {
        let mut live = leave(b, &entry);
        for (k, s) in block.statements.iter().enumerate().rev() {
            if s.call.is_some() {
                let result = s.target.filter(|_| s.whole);
                let live = (0..n).filter(|&x| live[x] && Some(x) != result).collect();
                found.push(Held { statement: first[b] + k, live });
            }
            step(&mut live, s);
        }
    }
    found.sort_by_key(|held| held.statement);
    found
}

/// Each local of function `i` that is held over a call, with the threats that matter to it and the callee.
fn pressures(
    i: usize,
    functions: &[Function],
    nodes: &[Node],
    live: &[Vec<Held>],
    types: &Types,
) -> Vec<(Threats, usize, String)> {
    let (function, node) = (&functions[i], &nodes[i]);
    let statements: Vec<&Statement> = function.blocks.iter().flat_map(|block| &block.statements).collect();
    let mut out = Vec::new();
    for held in &live[i] {
        let (Some(call), Some(targets)) = (&statements[held.statement].call, &node.targets[held.statement])
        else {
            continue;
        };
        let threats = caused(targets, node, nodes);
        if threats.is_empty() {
            continue;
        }
        let mut add = |threats: Threats, local: usize| {
            let threats = threats.and(types.threats(&function.locals[local].ty));
            if !threats.is_empty() && !node.origins[local].is_empty() {
                out.push((threats, local, last_segment(&call.callee).to_owned()));
            }
        };
        for &local in &held.live {
            add(threats, local);
        }
        let callees = || targets.functions.iter().chain(node.closures.iter().filter(|_| targets.given));
        for (position, locals) in call.arguments.iter().enumerate() {
            let mut passed = Threats::default();
            for &callee in callees() {
                let holds = &nodes[callee].holds;
                // A closure gets what it captured first and the arguments behind; what is passed to a generic
                // function for it counts as if it were the capture.
                match holds.get(position + 1) {
                    Some(threats) if !is_closure(&functions[callee]) || targets.given => {
                        passed.add(*threats);
                    }
                    _ => {
                        for threats in holds {
                            passed.add(*threats);
                        }
                    }
                }
            }
            if targets.unknown {
                passed.add(threats);
            }
            for &local in locals {
                add(passed, local);
                for &b in &node.loans[local] {
                    add(passed, b);
                }
            }
        }
    }
    out
}

/// The name a finding has: that of the variable the pointer was put in first, if any.
fn variable(function: &Function, types: &Types, from: usize, local: usize) -> String {
    if let Some(name) = &function.locals[from].name {
        return name.clone();
    }
    // The first named local that is made of it.
    let statements = || function.blocks.iter().flat_map(|block| &block.statements);
    let mut reached = vec![from];
    let mut at = 0;
    while at < reached.len() {
        for s in statements() {
            if let Some(to) = s.target
                && s.reads.contains(&reached[at])
                && !reached.contains(&to)
                && reached.len() < 24
                && types.is_watched(&function.locals[to].ty)
            {
                if let Some(name) = &function.locals[to].name
                    && name != "residual"
                    && name != "val"
                {
                    return name.clone();
                }
                reached.push(to);
            }
        }
        at += 1;
    }
    if let Some(name) = &function.locals[local].name {
        return name.clone();
    }
    let call = statements().find(|s| s.target == Some(from)).and_then(|s| s.call.as_ref());
    match call {
        Some(call) => format!("{}()", last_segment(&call.callee)),
        None => "(read)".to_owned(),
    }
}
