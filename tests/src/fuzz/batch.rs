//! Many programs in one compilation.

use super::function::Program;
use crate::fixture::{Fixture, year};
use crate::lower::{self, LoweredFixture};
use crate::program::{self, FailureKind, Pair};
use handroll_lowering::seeded::{self, Bug};
use handroll_lowering::{Code, Diagnostic, Edition};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;
use std::{io, thread};

/// What came of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Native and lowered code behave alike in so many pairs of runs.
    Same(usize),
    /// The function is refused, for these reasons.
    Refused(Vec<Code>),
    /// The program is not accepted natively: the generator's mistake.
    Rejected(String),
    /// The lowered code does not compile.
    Broken(String),
    /// The lowered code behaves differently.
    Different(String),
    /// The lowered code crashed or hung.
    Crashed(String),
    /// The lowering panicked, hung, refused the file as a whole or said that the error is its own.
    Internal(String),
}

impl Finding {
    /// Whether it is a defect of handroll.
    pub fn is_defect(&self) -> bool {
        !matches!(
            self,
            Finding::Same(_) | Finding::Refused(_) | Finding::Rejected(_)
        )
    }

    /// Whether shrinking may go from `self` to `other`: both are a defect of one kind.
    pub(crate) fn is_like(&self, other: &Finding) -> bool {
        match (self, other) {
            (Finding::Broken(a), Finding::Broken(b)) => error_code(a) == error_code(b),
            (Finding::Different(a), Finding::Different(b)) => Panics::of(a) == Panics::of(b),
            (Finding::Crashed(_), Finding::Crashed(_))
            | (Finding::Internal(_), Finding::Internal(_)) => true,
            _ => false,
        }
    }

    /// A short name of its kind.
    pub fn kind(&self) -> String {
        match self {
            Finding::Same(_) => "same".into(),
            Finding::Refused(_) => "refused".into(),
            Finding::Rejected(text) => format!("rejected {}", error_code(text)),
            Finding::Broken(text) => format!("does not compile {}", error_code(text)),
            Finding::Different(text) => Panics::of(text).kind().into(),
            Finding::Crashed(_) => "CRASHED".into(),
            Finding::Internal(_) => "INTERNAL".into(),
        }
    }

    /// What to tell a reader.
    pub fn text(&self) -> &str {
        match self {
            Finding::Same(_) | Finding::Refused(_) => "",
            Finding::Rejected(text)
            | Finding::Broken(text)
            | Finding::Different(text)
            | Finding::Crashed(text)
            | Finding::Internal(text) => text,
        }
    }
}

/// Which panics it takes to see a difference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Panics {
    None,
    Running,
    Dropping,
}

impl Panics {
    /// Reports begin with the difference that takes the least.
    fn of(report: &str) -> Self {
        let first = report.split("differs at event").nth(1).unwrap_or("");
        if first.contains("no panic") {
            Panics::None
        } else if first.contains("PANIC in a drop") {
            Panics::Dropping
        } else {
            Panics::Running
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Panics::None => "DIFFERENT",
            Panics::Running => "DIFFERENT after a panic",
            Panics::Dropping => "DIFFERENT after a panic in a drop",
        }
    }
}

/// `E0382` of a compiler's message, or its first words.
fn error_code(text: &str) -> String {
    let line = text
        .lines()
        .find(|line| line.starts_with("error"))
        .unwrap_or("");
    match line
        .strip_prefix("error[")
        .and_then(|rest| rest.split_once(']'))
    {
        Some((code, _)) => code.to_owned(),
        None => line.chars().take(40).collect(),
    }
}

/// Deep expressions need a deep stack.
const STACK: usize = 64 << 20;

/// How long the lowering of one program may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lowers in a thread, which is left behind when it hangs: the new text, or why there is none.
fn lowered(fixture: &Fixture, edition: Edition, bug: Option<Bug>) -> Result<String, Finding> {
    let (sender, receiver) = mpsc::channel();
    let fixture = fixture.clone();
    let work = move || {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let lowered = match bug {
                Some(bug) => seeded::with(bug, || lower::lower(&fixture, edition)),
                None => lower::lower(&fixture, edition),
            };
            let lowered = lowered.map_err(Finding::Internal)?;
            match refused(&lowered) {
                Some(finding) => Err(finding),
                None => Ok(lowered.text),
            }
        }));
        let result = result.unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            let text = text.unwrap_or("no message");
            Err(Finding::Internal(format!("the lowering panicked: {text}")))
        });
        // Nobody waits any more when this took too long.
        let _ = sender.send(result);
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    if let Err(error) = thread {
        return Err(Finding::Internal(format!("no thread: {error}")));
    }
    let result = receiver.recv_timeout(PATIENCE);
    result.unwrap_or_else(|_| Err(Finding::Internal("the lowering hangs".into())))
}

/// The text that a program is lowered to, with a bug in the lowering; none when it is refused.
pub fn lowered_text(program: &Program, edition: Edition, bug: Option<Bug>) -> Option<String> {
    let fixture = Fixture {
        nested: false,
        name: "program".into(),
        text: program.print(),
        editions: vec![edition],
    };
    lowered(&fixture, edition, bug).ok()
}

/// What is said of a program that is refused, without the names in it, and at which line.
pub fn refusals(program: &Program, edition: Edition) -> BTreeSet<(String, usize)> {
    let fixture = Fixture {
        nested: false,
        name: "program".into(),
        text: program.print(),
        editions: vec![edition],
    };
    let work = move || match lower::lower(&fixture, edition) {
        Ok(lowered) => diagnostics(&lowered).map_or_else(BTreeSet::new, |found| {
            found
                .iter()
                .map(|found| {
                    (
                        format!("{} {}", found.code.id(), nameless(&found.message)),
                        found.line(),
                    )
                })
                .collect()
        }),
        Err(message) => BTreeSet::from([(message, 0)]),
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    let result = thread.map(thread::JoinHandle::join);
    match result {
        Ok(Ok(said)) => said,
        _ => BTreeSet::from([("the lowering panicked".to_owned(), 0)]),
    }
}

/// A message with nothing between its backticks.
fn nameless(message: &str) -> String {
    let parts = message.split('`').enumerate();
    let parts: Vec<&str> = parts
        .map(|(i, part)| if i % 2 == 0 { part } else { "_" })
        .collect();
    parts.join("`")
}

/// What is said of the function that a program is about, when it was refused.
fn diagnostics(lowered: &LoweredFixture) -> Option<&[Diagnostic]> {
    let main = lowered
        .functions
        .iter()
        .find(|function| function.path == "f" || function.path == "Two::f")?;
    main.outcome.as_ref().err().map(Vec::as_slice)
}

fn refused(lowered: &LoweredFixture) -> Option<Finding> {
    let diagnostics = diagnostics(lowered)?;
    let mut codes: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    Some(if codes.contains(&Code::Internal) {
        Finding::Internal(lower::list(diagnostics))
    } else {
        Finding::Refused(codes)
    })
}

/// Lowers, compiles and runs programs, and says what came of each. `name` is the folder to do that in.
///
/// # Errors
/// When cargo cannot be run or a file not be written.
pub fn check(name: &str, programs: &[Program], edition: Edition) -> io::Result<Vec<Finding>> {
    let subjects: Vec<(Program, Option<Bug>)> = programs
        .iter()
        .map(|program| (program.clone(), None))
        .collect();
    check_seeded(name, &subjects, edition)
}

/// The same with a bug in the lowering of each program.
///
/// # Errors
/// When cargo cannot be run or a file not be written.
pub fn check_seeded(
    name: &str,
    programs: &[(Program, Option<Bug>)],
    edition: Edition,
) -> io::Result<Vec<Finding>> {
    let mut findings: Vec<Option<Finding>> = vec![None; programs.len()];
    let mut pairs = Vec::new();
    for (i, (program, bug)) in programs.iter().enumerate() {
        let fixture = Fixture {
            nested: false,
            name: format!("p{i}"),
            text: program.print(),
            editions: vec![edition],
        };
        match lowered(&fixture, edition, *bug) {
            Err(finding) => findings[i] = Some(finding),
            Ok(text) => pairs.push(Pair::with_text(&fixture, &text)),
        }
    }
    let verdict = compare(name, pairs, edition)?;
    for (i, finding) in verdict {
        findings[i] = Some(finding);
    }
    // An error in lowered code may hide one in the native code, and what the lowering does with what is not Rust is no defect.
    let doubtful: Vec<usize> = (0..programs.len())
        .filter(|&i| matches!(findings[i], Some(Finding::Broken(_) | Finding::Internal(_))))
        .collect();
    if !doubtful.is_empty() {
        let itself = |&i: &usize| {
            let fixture = Fixture {
                nested: false,
                name: format!("p{i}"),
                text: programs[i].0.print(),
                editions: vec![edition],
            };
            Pair::with_text(
                &fixture,
                "use crate::trace::*;\npub fn cases(_: &mut Tester) {}\n",
            )
        };
        let pairs = doubtful.iter().map(itself).collect();
        for (i, finding) in compare(&format!("{name}-native"), pairs, edition)? {
            if matches!(finding, Finding::Rejected(_)) {
                findings[i] = Some(finding);
            }
        }
    }
    Ok(findings
        .into_iter()
        .map(|finding| finding.unwrap_or(Finding::Same(0)))
        .collect())
}

/// Compiles and runs pairs; the findings by the number in the pair's name.
fn compare(name: &str, pairs: Vec<Pair>, edition: Edition) -> io::Result<BTreeMap<usize, Finding>> {
    let mut findings = BTreeMap::new();
    if pairs.is_empty() {
        return Ok(findings);
    }
    let program = program::Program {
        features: &[],
        name: name.to_owned(),
        edition,
        release: false,
    };
    let verdict = program.check(pairs)?;
    let number = |fixture: &str| fixture[1..].parse::<usize>().map_err(io::Error::other);
    for outcome in verdict.outcomes {
        let entry = findings
            .entry(number(&outcome.fixture)?)
            .or_insert(Finding::Same(0));
        if outcome.differing > 0 {
            let text = format!(
                "case `{}`: {} of {} runs differ\n{}",
                outcome.case, outcome.differing, outcome.runs, outcome.report
            );
            *entry = Finding::Different(text);
        } else if let Finding::Same(runs) = entry {
            *runs += outcome.runs;
        }
    }
    for failure in verdict.failures {
        let Some(fixture) = failure.fixture else {
            let year = year(edition);
            return Err(io::Error::other(format!(
                "{name}, edition {year}: {}",
                failure.text
            )));
        };
        let entry = findings
            .entry(number(&fixture)?)
            .or_insert(Finding::Same(0));
        match failure.kind {
            FailureKind::Native if !matches!(entry, Finding::Rejected(_)) => {
                *entry = Finding::Rejected(failure.text);
            }
            FailureKind::Lowered if matches!(entry, Finding::Same(_)) => {
                *entry = Finding::Broken(failure.text);
            }
            FailureKind::Ended => *entry = Finding::Crashed(failure.text),
            _ => {}
        }
    }
    Ok(findings)
}
