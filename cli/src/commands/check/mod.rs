//! `handroll check`: what can be lowered, in files and folders.

mod report;
mod text;
mod walk;

use crate::args::CheckArgs;
use crate::edition::Editions;
use crate::failure::Failures;
use crate::output::{Console, json};
use crate::package::Packages;
use crate::status::Status;
use crate::{engine, input, stack};
use handroll_lowering::Options;
use report::{File, Report};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use walk::Found;

pub(crate) fn run(arguments: &CheckArgs, console: &mut Console) -> Result<Status, Failures> {
    let found = walk::files(&arguments.paths);
    let editions = Editions::new(arguments.edition);
    let packages = Packages::default();
    let checked = in_parallel(&found, |found| match found {
        Found::File(path) => file(path, &editions, &packages, arguments.nested),
        Found::Problem { path, why } => File::unreadable(path.display().to_string(), why.clone()),
    });
    console.notes(editions.notes());
    let report = Report::of(checked);
    let style = console.style();
    console.print(&if arguments.json {
        json::print(&report)
    } else {
        report.print(style)
    })?;
    if report.files.is_empty() {
        console.note("there are no Rust files here; hidden files and those that git ignores are left out of folders");
    }
    Ok(report.status())
}

/// Checks one file. Its report holds plain data only: spans cannot leave the thread.
fn file(path: &Path, editions: &Editions, packages: &Packages, nested: bool) -> File {
    let name = path.display().to_string();
    let opened = input::read(path).and_then(|source| Ok((editions.of(&source)?, source)));
    let (edition, source) = match opened {
        Ok(opened) => opened,
        Err(failure) => return File::unreadable(name, failure.to_string()),
    };
    let mut options = Options::default();
    options.edition = edition;
    packages.tell(&source, &mut options);
    options.nested = nested;
    match engine::lower(&source, &options) {
        Ok(lowered) => File::checked(name, &source, edition, &lowered),
        Err(failures) => File::failed(name, edition, &failures),
    }
}

/// The results for all items, in their order, worked out on as many threads as there are cores.
fn in_parallel<I: Sync, R: Send>(items: &[I], work: impl Fn(&I) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let worker = || {
        while let Some((index, item)) = Some(next.fetch_add(1, Ordering::Relaxed))
            .and_then(|index| Some((index, items.get(index)?)))
        {
            let result = work(item);
            if let Ok(mut results) = results.lock() {
                results.push((index, result));
            }
        }
    };
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(items.len());
    thread::scope(|scope| {
        let started: Vec<_> = (1..threads)
            .filter_map(|_| stack::spawn(scope, &worker))
            .collect();
        // This thread has a large stack too, and does its share.
        worker();
        for thread in started {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<usize> = (0..500).collect();
        assert_eq!(
            in_parallel(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert!(in_parallel(&[] as &[u8], |_| ()).is_empty());
    }
}
