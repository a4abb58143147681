//! The list of what is held: `src/held.txt`.
//!
//! Columns are separated by two or more spaces.
//!
//! * `FUNCTION  VARIABLE  REASON  WORDS`: why it may be held there. The reasons are in the list's head.
//! * `reason  REASON  WORDS`: a reason that may be given.
//! * `quiet  FUNCTION  WORDS`: what it calls through pointers runs nothing that comes back.
//! * `limit  FUNCTION  THREATS  WORDS`: it does no more than this, whatever it calls.

use super::Result;
use super::error::{Error, ListFault};
use super::flow::Finding;
use super::types::Threats;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct List {
    reasons: BTreeSet<String>,
    pub quiet: BTreeSet<String>,
    pub limits: BTreeMap<String, Threats>,
    entries: BTreeMap<(String, String), usize>,
}

impl List {
    pub fn read(text: &str) -> Result<List> {
        let mut list = List::default();
        for (i, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = |fault| Error::List { line: i + 1, fault };
            let columns: Vec<&str> =
                line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
            match columns[..] {
                ["reason", name, _] => drop(list.reasons.insert(name.to_owned())),
                ["quiet", function, _] => drop(list.quiet.insert(function.to_owned())),
                ["limit", function, threats, _] => {
                    let threats = threats.parse().map_err(|()| bad(ListFault::Threat))?;
                    list.limits.insert(function.to_owned(), threats);
                }
                [function, variable, reason, _] => {
                    if !list.reasons.contains(reason) {
                        return Err(bad(ListFault::Reason).into());
                    }
                    if list.entries.insert((function.to_owned(), variable.to_owned()), i + 1).is_some() {
                        return Err(bad(ListFault::Twice).into());
                    }
                }
                _ => return Err(bad(ListFault::Columns).into()),
            }
        }
        Ok(list)
    }

    /// How many findings are on the list, and what is wrong.
    pub fn compare(&self, findings: &[Finding]) -> (usize, Vec<String>) {
        let mut rest = self.entries.clone();
        let mut problems = Vec::new();
        for finding in findings {
            if rest.remove(&(finding.function.clone(), finding.variable.clone())).is_none() {
                problems.push(format!("not on the list: {finding}"));
            }
        }
        let covered = findings.len() - problems.len();
        let stale =
            rest.iter().map(|((f, v), line)| format!("src/held.txt:{line}: nothing needs this: {f}  {v}"));
        problems.extend(stale);
        (covered, problems)
    }
}
