//! The edition of the crate that is being compiled. No stable interface tells it to a macro, but the compiler's own command line does.

use handroll_lowering::Edition;

/// The edition that the compiler was told; the newest where nobody says, as in an editor's own macro server.
pub(crate) fn edition() -> Edition {
    of(std::env::args().flat_map(expand))
}

/// Long command lines come in a file: `@path`.
fn expand(arg: String) -> Vec<String> {
    arg.strip_prefix('@')
        .and_then(|path| std::fs::read_to_string(path).ok())
        .map_or_else(
            || vec![arg],
            |text| text.lines().map(str::to_owned).collect(),
        )
}

fn of(args: impl Iterator<Item = String>) -> Edition {
    let mut found = Edition::default();
    let mut next = false;
    for arg in args {
        let year = if next {
            Some(arg.as_str())
        } else {
            arg.strip_prefix("--edition=")
        };
        match year {
            Some("2018") => found = Edition::E2018,
            Some("2021") => found = Edition::E2021,
            Some("2024") => found = Edition::E2024,
            _ => {}
        }
        next = arg == "--edition";
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Edition, of};

    fn found(args: &[&str]) -> Edition {
        of(args.iter().map(|arg| (*arg).to_owned()))
    }

    #[test]
    fn it_is_what_the_compiler_was_told() {
        assert_eq!(
            found(&["rustc", "--edition=2018", "lib.rs"]),
            Edition::E2018
        );
        assert_eq!(
            found(&["rustc", "--edition", "2021", "lib.rs"]),
            Edition::E2021
        );
        assert_eq!(found(&["rustc", "lib.rs"]), Edition::E2024);
    }
}
