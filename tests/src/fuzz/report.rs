//! What a run of the fuzzer has come to.

use super::batch::Finding;
use super::function::Program;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Counts of a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Programs by what came of them.
    pub kinds: BTreeMap<String, usize>,
    /// Refused programs by the code of the diagnostic; one with several codes counts for each.
    pub refused: BTreeMap<&'static str, usize>,
    /// How often each construct stands in programs that were compared.
    pub constructs: BTreeMap<&'static str, usize>,
    /// How often each construct stands in any program that is accepted natively.
    pub generated: BTreeMap<&'static str, usize>,
    /// Pairs of runs that were compared.
    pub runs: usize,
}

impl Tally {
    /// Adds a program.
    pub fn add(&mut self, program: &Program, finding: &Finding) {
        *self.kinds.entry(finding.kind()).or_default() += 1;
        if !matches!(finding, Finding::Rejected(_)) {
            program.count(&mut self.generated);
        }
        match finding {
            Finding::Same(runs) => {
                self.runs += runs;
                program.count(&mut self.constructs);
            }
            Finding::Refused(codes) => {
                for code in codes {
                    *self.refused.entry(code.id()).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    /// Programs that count: natively accepted ones.
    pub fn accepted(&self) -> usize {
        let rejected = |kind: &str| kind.starts_with("rejected");
        self.kinds
            .iter()
            .filter(|(kind, _)| !rejected(kind))
            .map(|(_, count)| count)
            .sum()
    }

    /// The counts, for a reader.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let refused = self.kinds.get("refused").copied().unwrap_or(0);
        for (kind, count) in &self.kinds {
            let _ = writeln!(text, "{count:7} {kind}");
        }
        let _ = writeln!(
            text,
            "{:7} pairs of runs compared; {:.1}% of {} programs refused",
            self.runs,
            100.0 * refused as f64 / self.accepted().max(1) as f64,
            self.accepted()
        );
        for (code, count) in &self.refused {
            let _ = writeln!(text, "{count:7} refused with {code}");
        }
        text
    }

    /// The table of constructs: how often each was generated, and how often it stands in a program that was lowered and compared.
    pub fn table(&self) -> String {
        let mut text = "generated compared construct\n".to_owned();
        for (construct, generated) in &self.generated {
            let compared = self.constructs.get(construct).copied().unwrap_or(0);
            let _ = writeln!(text, "{generated:9} {compared:8} {construct}");
        }
        text
    }
}
