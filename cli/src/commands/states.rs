//! `handroll states`: where a function waits and what it holds there.

use crate::args::StatesArgs;
use crate::edition;
use crate::failure::Failures;
use crate::output::style::{HEAD, Style};
use crate::output::table::{Table, brief};
use crate::output::{Console, json};
use crate::select::select;
use crate::status::Status;
use handroll_lowering as library;
use handroll_lowering::{Form, Storage, Why};
use serde::Serialize;

/// The width that an awaited expression may take in the table.
const AWAITED: usize = 44;

/// What `--json` prints; see `schema/states.json`.
#[derive(Debug, Serialize)]
struct Report {
    version: u32,
    path: String,
    edition: &'static str,
    functions: Vec<Function>,
}

#[derive(Debug, Serialize)]
struct Function {
    item: String,
    lines: [usize; 2],
    form: &'static str,
    states: Vec<State>,
}

#[derive(Debug, Serialize)]
struct State {
    state: String,
    line: usize,
    awaited: String,
    opaque: bool,
    held: Vec<Held>,
}

#[derive(Debug, Serialize)]
struct Held {
    name: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    since: usize,
    storage: &'static str,
    why: &'static str,
}

pub(crate) fn run(arguments: &StatesArgs, console: &mut Console) -> Result<Status, Failures> {
    let selection = select(&arguments.item, console)?;
    let mut status = Status::Done;
    let mut functions = Vec::new();
    for function in &selection.functions {
        match &function.outcome {
            Ok(lowered) => functions.push(Function::of(function, lowered)),
            Err(diagnostics) => {
                status.worsen(Failures::diagnosed(diagnostics, &selection.source).report(console))
            }
        }
    }
    let edition = edition::number(selection.options.edition);
    let report = Report {
        version: json::VERSION,
        path: selection.source.name,
        edition,
        functions,
    };
    let style = console.style();
    match arguments.json {
        true => console.print(&json::print(&report))?,
        false => console.print(
            &report
                .functions
                .iter()
                .map(|function| function.print(style))
                .collect::<Vec<_>>()
                .join("\n"),
        )?,
    }
    Ok(status)
}

impl Function {
    fn of(function: &library::Function, lowered: &library::Lowered) -> Function {
        Function {
            item: function.path.clone(),
            lines: function.lines.into(),
            form: form(lowered.form),
            states: lowered.suspensions.iter().map(State::of).collect(),
        }
    }

    /// One row for each suspension point; what it holds beyond the first local goes on in lines of its own.
    fn print(&self, style: Style) -> String {
        let count = match self.states.len() {
            0 => "never waits".to_owned(),
            1 => "1 suspension point".to_owned(),
            several => format!("{several} suspension points"),
        };
        let count = match self.states.iter().filter(|state| state.opaque).count() {
            0 => count,
            1 => format!("{count}, 1 of them an opaque leaf"),
            several => format!("{count}, {several} of them opaque leaves"),
        };
        let lines = match self.lines {
            [first, last] if first == last => format!("line {first}"),
            [first, last] => format!("lines {first} to {last}"),
        };
        let title = format!("{}, {lines}, {}: {count}", self.item, self.form);
        let mut text = format!("{}\n", style.paint(HEAD, &title));
        if self.states.is_empty() {
            return text;
        }
        let mut table = Table::new(["state", "line", "awaits", "holds", "since", "stored", "why"]);
        for state in &self.states {
            let mut head = [
                state.state.clone(),
                state.line.to_string(),
                brief(&state.awaited, AWAITED),
            ];
            if state.held.is_empty() {
                table.row(head.iter().cloned().chain(["nothing".to_owned()]));
            }
            for held in &state.held {
                let name = held.ty.as_ref().map_or_else(
                    || held.name.clone(),
                    |ty| format!("{}: {}", held.name, brief(ty, AWAITED)),
                );
                let cells = [
                    name,
                    held.since.to_string(),
                    held.storage.to_owned(),
                    words(held.why).to_owned(),
                ];
                table.row(head.iter().cloned().chain(cells));
                head = [const { String::new() }; 3];
            }
        }
        text.push_str(&table.print(style));
        text
    }
}

impl State {
    fn of(suspension: &library::Suspension) -> State {
        State {
            state: suspension.state.clone(),
            line: suspension.line,
            awaited: suspension.awaited.clone(),
            opaque: suspension.opaque,
            held: suspension.held.iter().map(Held::of).collect(),
        }
    }
}

impl Held {
    fn of(held: &library::Held) -> Held {
        let storage = match held.storage {
            Storage::Carried => "carried",
            Storage::Pinned => "pinned",
        };
        let why = match held.why {
            Why::UsedLater => "used-later",
            Why::DroppedAtScopeEnd => "dropped-at-scope-end",
            Why::Borrowed => "borrowed",
        };
        Held {
            name: held.name.clone(),
            ty: held.ty.clone(),
            since: held.since,
            storage,
            why,
        }
    }
}

/// The word for a form.
pub(crate) fn form(form: Form) -> &'static str {
    match form {
        Form::Named => "named",
        Form::Inferred => "inferred",
    }
}

/// A reason, as a person would say it.
fn words(why: &'static str) -> &'static str {
    match why {
        "used-later" => "used later",
        "dropped-at-scope-end" => "dropped at the end of its scope",
        "borrowed" => "may be borrowed across the await",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_one_row_for_each_suspension_point() {
        let held = |name: &str, ty: Option<&str>, storage, why| Held {
            name: name.into(),
            ty: ty.map(Into::into),
            since: 2,
            storage,
            why,
        };
        let states = vec![
            State {
                state: "Read".into(),
                line: 4,
                awaited: "uart\n    .read(&mut buf)".into(),
                opaque: false,
                held: vec![
                    held("uart", None, "carried", "used-later"),
                    held("buf", Some("[u8; 16]"), "pinned", "borrowed"),
                ],
            },
            State {
                state: "Write".into(),
                line: 11,
                awaited: "uart.flush()".into(),
                opaque: true,
                held: vec![],
            },
        ];
        let function = Function {
            item: "Echo::run".into(),
            lines: [1, 12],
            form: "inferred",
            states,
        };
        let expect = "\
Echo::run, lines 1 to 12, inferred: 2 suspension points, 1 of them an opaque leaf
state  line  awaits                holds          since  stored   why
Read   4     uart .read(&mut buf)  uart           2      carried  used later
                                   buf: [u8; 16]  2      pinned   may be borrowed across the await
Write  11    uart.flush()          nothing
";
        assert_eq!(function.print(Style::PLAIN), expect);
    }
}
