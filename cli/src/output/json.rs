//! JSON reports.

use serde::Serialize;

/// The version of the reports, raised when a reader of the old ones would be misled by the new ones.
pub(crate) const VERSION: u32 = 1;

/// A report as JSON, with a newline at its end.
pub(crate) fn print(report: &impl Serialize) -> String {
    // Only maps with keys that are no strings can fail, and the reports have none.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}
