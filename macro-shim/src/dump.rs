//! The option `dump`: the lowered source, as the command would write it, in a file under the target folder.

use std::env;
use std::fs;
use std::path::PathBuf;

/// Writes lowered functions, each to a file of its own: `target/debug/handroll-dump/CRATE/PATH.rs`.
///
/// # Errors
/// Says which file could not be written.
pub(crate) fn write(sources: &[(String, String)]) -> Result<(), String> {
    // An editor's macro server has no target folder.
    let Some(folder) = folder(env::args()) else {
        return Ok(());
    };
    for (path, text) in sources {
        let file = folder.join(format!("{}.rs", path.replace("::", ".")));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// Beside the folder that the compiler writes to, for which cargo gives it `target/debug/deps`.
fn folder(args: impl Iterator<Item = String>) -> Option<PathBuf> {
    let (mut out, mut name) = (None, None);
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--out-dir" => out = args.next(),
            "--crate-name" => name = args.next(),
            _ => {}
        }
    }
    Some(
        PathBuf::from(out?)
            .parent()?
            .join("handroll-dump")
            .join(name?),
    )
}

#[cfg(test)]
mod tests {
    use super::folder;
    use std::path::PathBuf;

    #[test]
    fn it_stands_beside_what_the_compiler_writes() {
        let args = ["rustc", "--crate-name", "app", "--out-dir", "/t/debug/deps"];
        let found = folder(args.iter().map(|arg| (*arg).to_owned()));
        assert_eq!(found, Some(PathBuf::from("/t/debug/handroll-dump/app")));
        assert_eq!(folder(["rustc".to_owned()].into_iter()), None);
    }
}
