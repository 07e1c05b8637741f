//! What a compared case came to, and its form on the runner's output.

use std::fmt::{Display, Formatter};

/// A compared case. On the output it is a line of fields divided by tabs, followed by the indented lines of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The fixture's name.
    pub fixture: String,
    /// The case's name.
    pub case: String,
    /// How many pairs of runs were compared.
    pub runs: usize,
    /// How many of them differed.
    pub differing: usize,
    /// Size of the compiler's future, in bytes.
    pub native_bytes: usize,
    /// Size of the lowered future, in bytes.
    pub lowered_bytes: usize,
    /// The first differences, for a reader.
    pub report: String,
}

const START: &str = "start\t";
const CASE: &str = "case\t";
const INDENT: &str = "    ";

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Outcome {
            fixture,
            case,
            runs,
            differing,
            native_bytes,
            lowered_bytes,
            report,
        } = self;
        writeln!(
            f,
            "{CASE}{fixture}\t{case}\t{runs}\t{differing}\t{native_bytes}\t{lowered_bytes}"
        )?;
        report
            .lines()
            .try_for_each(|line| writeln!(f, "{INDENT}{line}"))
    }
}

impl Outcome {
    /// The line that announces a case, so that the reader of an output that breaks off knows where.
    pub(crate) fn announce(fixture: &str, case: &str) -> String {
        format!("{START}{fixture}\t{case}")
    }

    /// Reads a runner's output: the finished cases, and the fixture and case that was announced but never finished.
    pub fn read(output: &str) -> (Vec<Outcome>, Option<(String, String)>) {
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut started = None;
        for line in output.lines() {
            if let Some(rest) = line.strip_prefix(START) {
                started = rest
                    .split_once('\t')
                    .map(|(fixture, case)| (fixture.to_owned(), case.to_owned()));
            } else if let Some(outcome) = line.strip_prefix(CASE).and_then(Self::parse) {
                started = None;
                outcomes.push(outcome);
            } else if let (Some(line), Some(outcome)) =
                (line.strip_prefix(INDENT), outcomes.last_mut())
            {
                outcome.report.push_str(line);
                outcome.report.push('\n');
            }
        }
        (outcomes, started)
    }

    fn parse(line: &str) -> Option<Outcome> {
        let mut fields = line.split('\t');
        let (fixture, case) = (fields.next()?.to_owned(), fields.next()?.to_owned());
        let mut number = || fields.next()?.parse().ok();
        Some(Outcome {
            fixture,
            case,
            runs: number()?,
            differing: number()?,
            native_bytes: number()?,
            lowered_bytes: number()?,
            report: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn reads_what_it_prints() {
        let outcome = Outcome {
            fixture: "loops".into(),
            case: "all of it".into(),
            runs: 7,
            differing: 1,
            native_bytes: 20,
            lowered_bytes: 16,
            report: "first\n  second\n".into(),
        };
        let output = format!(
            "{}\n{outcome}{}\n",
            Outcome::announce("loops", "all of it"),
            Outcome::announce("loops", "next")
        );
        assert_eq!(
            Outcome::read(&output),
            (vec![outcome], Some(("loops".into(), "next".into())))
        );
    }
}
