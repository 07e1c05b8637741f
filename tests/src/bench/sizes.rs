//! Bytes and instructions a poll, of the compiler's future and the lowered one, for every case of every fixture.
//!
//! See [`program`] for what is measured. Cases whose own future is the compiler's on both sides, because the function is refused or
//! does not compile, are left out.

use super::{callgrind, program};
use crate::{fixture, place};
use std::fmt::Write;
use std::{fs, io};

/// A case, measured.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    /// Of the compiler's future and the lowered one.
    bytes: [usize; 2],
    /// Instructions a poll, without what calling it costs.
    instructions: [f64; 2],
}

/// Rows above this ratio of instructions are listed.
const NOTABLE: f64 = 1.05;

/// Prints what is notable, the geometric mean, and where the whole table is. `opt_level` is cargo's.
///
/// # Errors
/// When valgrind is missing, or the program cannot be built or run.
pub fn run(opt_level: &str) -> io::Result<()> {
    callgrind::available()?;
    let folder = place::programs().with_file_name("handroll-bench");
    let fixtures = fixture::all()?;
    let mut rows = Vec::new();
    for edition in fixture::EDITIONS {
        let these: Vec<_> = fixtures
            .iter()
            .filter(|fixture| fixture.newest() == edition)
            .collect();
        if !these.is_empty() {
            let built = program::build(&folder, edition, opt_level, &these)?;
            let (output, counts) = callgrind::run(&built, &folder.join("counts"))?;
            rows.extend(join(&output, &counts)?);
        }
    }
    rows.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()).reverse());
    print!("{}", table(&rows));
    let path = folder.join(format!("sizes-{opt_level}.tsv"));
    fs::write(&path, list(&rows))?;
    println!("all rows: {}", path.display());
    Ok(())
}

impl Row {
    fn ratio(&self) -> f64 {
        let [native, lowered] = self.instructions.map(|count| count.max(1.0));
        lowered / native
    }
}

fn line(row: &Row) -> String {
    let [native, lowered] = row.instructions;
    format!(
        "{}\t{}\t{}\t{native:.1}\t{lowered:.1}\t{:.2}\n",
        row.name,
        row.bytes[0],
        row.bytes[1],
        row.ratio()
    )
}

const HEAD: &str = "case\tbytes\tlowered\tinstructions a poll\tlowered\tratio\n";

fn list(rows: &[Row]) -> String {
    rows.iter()
        .fold(HEAD.to_owned(), |text, row| text + &line(row))
}

fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let slower: Vec<_> = rows
        .iter()
        .filter(|row| row.ratio() > NOTABLE)
        .cloned()
        .collect();
    let larger: Vec<_> = rows
        .iter()
        .filter(|row| row.bytes[1] > row.bytes[0])
        .cloned()
        .collect();
    let _ = writeln!(
        text,
        "more instructions a poll than {NOTABLE} times:\n{}",
        list(&slower)
    );
    let _ = writeln!(text, "larger:\n{}", list(&larger));
    let mean = |ratio: &dyn Fn(&Row) -> f64| {
        let sum: f64 = rows.iter().map(|row| ratio(row).ln()).sum();
        (sum / rows.len().max(1) as f64).exp()
    };
    let bytes = |row: &Row| row.bytes[1].max(1) as f64 / row.bytes[0].max(1) as f64;
    let _ = writeln!(
        text,
        "{} cases: instructions at a geometric mean of {:.3}, {} above {NOTABLE}; bytes at {:.3}, {} larger",
        rows.len(),
        mean(&Row::ratio),
        slower.len(),
        mean(&bytes),
        larger.len()
    );
    text
}

/// Joins the program's lines behind `rows` with the counts, which are in the same order.
fn join(output: &str, counts: &[u64]) -> io::Result<Vec<Row>> {
    let bad = || io::Error::other("the program's output and the counts do not fit together");
    let mut counts = counts.iter().map(|&count| count as f64);
    let (_, rows) = output.split_once("\nrows\n").ok_or_else(bad)?;
    let mut lines = rows.lines();
    let polls: f64 = lines
        .next()
        .and_then(|line| line.parse().ok())
        .ok_or_else(bad)?;
    let overhead = counts.next().ok_or_else(bad)? / polls;
    let mut rows = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let [
            fixture,
            case,
            bytes,
            polls,
            _,
            lowered_bytes,
            lowered_polls,
            still_native,
        ] = fields[..]
        else {
            return Err(bad());
        };
        let mut each = |polls: &str| {
            let polls: f64 = polls.parse().ok()?;
            Some(counts.next()? / polls - overhead)
        };
        let instructions = [
            each(polls).ok_or_else(bad)?,
            each(lowered_polls).ok_or_else(bad)?,
        ];
        if still_native == "true" {
            continue;
        }
        rows.push(Row {
            name: format!("{fixture}: {case}"),
            bytes: [bytes, lowered_bytes].map(|text| text.parse().unwrap_or(0)),
            instructions,
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::{join, table};

    #[test]
    fn lines_and_counts_join() {
        let output = "a case prints\nrows\n10\nloops\tbreak\t16\t4\ttrue\t24\t4\tfalse\nloops\tsame\t8\t2\ttrue\t8\t2\ttrue\n";
        let found = join(output, &[50, 100, 180, 60, 60]).expect("they fit");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].instructions, [20.0, 40.0]);
        let text = table(&found);
        assert!(text.contains("1 cases: instructions at a geometric mean of 2.000, 1 above 1.05; bytes at 1.500, 1 larger"), "{text}");
        assert!(join(output, &[50]).is_err());
    }
}
