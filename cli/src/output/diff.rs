//! Unified diffs.

use crate::output::style::{BAD, GOOD, HEAD, NOTE, Style};
use similar::TextDiff;
use std::time::Duration;

/// After this time the diff need not be the smallest one; it is still right.
const PATIENCE: Duration = Duration::from_secs(5);

/// What changes from `old` to `new`; empty when nothing does.
pub(crate) fn unified(name: &str, old: &str, new: &str, style: Style) -> String {
    if old == new {
        return String::new();
    }
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let text = diff
        .unified_diff()
        .context_radius(3)
        .header(name, &format!("{name} (lowered)"))
        .to_string();
    if !style.color {
        return text;
    }
    let painted = text.split_inclusive('\n').enumerate().map(|(index, line)| {
        let (line, end) = line
            .strip_suffix('\n')
            .map_or((line, ""), |line| (line, "\n"));
        let paint = match line.as_bytes().first() {
            _ if index < 2 => HEAD,
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            Some(b'@') => NOTE,
            _ => return format!("{line}{end}"),
        };
        format!("{}{end}", style.paint(paint, line))
    });
    painted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_changed_lines_only() {
        let text = unified("x.rs", "a\nb\nc", "a\nB\nc", Style::PLAIN);
        assert_eq!(
            text,
            "--- x.rs\n+++ x.rs (lowered)\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("x.rs", "a", "a", Style::PLAIN), "");
    }
}
