//! The arguments: what can be asked for.

use crate::Program;
use crate::edition::EditionArg;
use crate::output::{ColorWhen, Console};
use crate::status::Status;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use handroll_lowering::Stage;
use std::ffi::OsString;
use std::path::PathBuf;

const STATUSES: &str = "\
Exit status:
  0  everything asked for was done
  1  some function was refused, or `lower --check` found something to change
  2  bad usage, input that cannot be read or is not Rust, output that cannot be written
  3  internal error: a defect of handroll, please report it

Color: --color goes before NO_COLOR, that before CLICOLOR_FORCE; without any, terminals get color.";

/// Lowers Rust async functions to the state machine that a good engineer would have written by hand
#[derive(Debug, Parser)]
#[command(name = "handroll", version, after_help = STATUSES, subcommand_required = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// When to use color
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto)]
    pub(crate) color: ColorWhen,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Show(ShowArgs),
    Lower(LowerArgs),
    Graph(GraphArgs),
    States(StatesArgs),
    Check(CheckArgs),
    Explain(ExplainArgs),
    Schema(SchemaArgs),
    Completions(CompletionsArgs),
}

const TARGET_HELP: &str = "\
File and function: `src/net.rs`, `src/net.rs::Echo::run`, `src/net.rs:42`, `-` for the standard input; or, inside a package, \
the path of an item: `net::Echo::run`

ITEM is the path of a function (modules in the file, type, name) or its last segments; LINE is any line of the function. When \
several functions fit, or none, the candidates are listed.";

/// A function in a file.
#[derive(Debug, Args)]
pub(crate) struct ItemArgs {
    /// File and function: `src/net.rs::Echo::run`, `src/net.rs:42`, `-`, or a module path
    // `-::run` is the item `run` of the standard input; what else starts with `-` is refused when the target is parsed.
    #[arg(value_name = "PATH[::ITEM][:LINE]", long_help = TARGET_HELP, allow_hyphen_values = true)]
    pub(crate) target: OsString,
    /// The edition of the source [default: as the nearest Cargo.toml says; 2024 without one]
    #[arg(long, value_enum)]
    pub(crate) edition: Option<EditionArg>,
    /// Lower async blocks too, wherever they stand, as machines of their own
    #[arg(long)]
    pub(crate) nested: bool,
}

/// What can be the name of a type.
fn type_name(text: &str) -> Result<String, &'static str> {
    match syn::parse_str::<syn::Ident>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err("a type cannot have this name: it takes letters, digits and `_`, and is no keyword")
        }
    }
}

/// A function in a file, perhaps by a new name.
#[derive(Debug, Args)]
pub(crate) struct NamedArgs {
    #[command(flatten)]
    pub(crate) item: ItemArgs,
    /// Ask for the named form: a type of this name with a plain `impl Future`
    #[arg(long, value_parser = type_name)]
    pub(crate) name: Option<String>,
}

/// Show the state machine of a function, or of all functions in a file
///
/// Prints only the lowered items, highlighted on a terminal. A refused function is reported instead, with status 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handroll show src/net.rs                     every async function of the file
  handroll show src/net.rs::Echo::run          one, by its path or the end of its path
  handroll show src/net.rs:42                  one, by a line in it
  handroll show src/net.rs::run --stage graph  an intermediate form
  handroll show src/net.rs::run --name Echo    as a type that can be named
  handroll show src/net.rs:42 --nested         the async block on that line
  cargo handroll show net::Echo::run           one, by its path in the package
  git show HEAD:src/net.rs | handroll show -::run")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) named: NamedArgs,
    /// Print an intermediate form instead
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) stage: Option<StageArg>,
}

/// Lower whole files
///
/// Without -o, --write, --check or --diff, the lowered files go to the standard output, one after the other. A refused function stays
/// as it was and is reported on the standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handroll lower src/net.rs                     to the standard output
  handroll lower src/net.rs -o lowered.rs       to one file
  handroll lower src/*.rs --write               in place, each file replaced at once or not at all
  handroll lower src/*.rs --check               status 1 when something would change or is refused
  handroll lower src/net.rs --diff              what would change
  handroll lower src/net.rs --item run --name Echo --write
  handroll lower - --edition 2021 < src/net.rs

Exit status: 0 all lowered, 1 some refused (the rest is still written) or, with --check, something to change, \
2 bad usage or unusable input, 3 internal error.")]
pub(crate) struct LowerArgs {
    /// Rust source files, or `-` for the standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write to this file; `-` is the standard output
    #[arg(short, long, value_name = "OUT", group = "mode")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the files; each is replaced at once or not at all, and keeps its permissions
    #[arg(long, group = "mode")]
    pub(crate) write: bool,
    /// Write nothing; status 1 when something would change or is refused
    #[arg(long, group = "mode")]
    pub(crate) check: bool,
    /// Write nothing; print what would change as a unified diff
    #[arg(long, group = "mode")]
    pub(crate) diff: bool,
    /// The edition of the source [default: as the nearest Cargo.toml says; 2024 without one]
    #[arg(long, value_enum)]
    pub(crate) edition: Option<EditionArg>,
    /// Lower async blocks too, wherever they stand, as machines of their own
    #[arg(long)]
    pub(crate) nested: bool,
    /// Lower only this function: its path or the end of its path, and perhaps `:LINE`
    #[arg(long, value_name = "ITEM")]
    pub(crate) item: Option<String>,
    /// Ask for the named form of the one function: a type of this name with a plain `impl Future`
    #[arg(long, value_parser = type_name)]
    pub(crate) name: Option<String>,
}

/// Draw the graph of a function's blocks and suspension points
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handroll graph src/net.rs::run | dot -Tsvg > run.svg
  handroll graph src/net.rs::run --format mermaid

Solid edges are jumps, dashed ones depend on a condition, thick ones are taken when the awaited future is ready. \
Rounded, filled nodes end in a suspension point.")]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub(crate) item: ItemArgs,
    /// The language of the graph
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub(crate) format: GraphFormat,
}

/// The languages that graphs are printed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Graphviz
    Dot,
    /// Mermaid, as in Markdown
    Mermaid,
}

/// List where a function waits, and what it holds there
///
/// One row for each suspension point: its state, its line, what is awaited, and each local that is held: since which line, carried in
/// the state or pinned in a place of its own, and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handroll states src/net.rs::run
  handroll states src/net.rs --json
  handroll schema states                       the JSON schema of that")]
pub(crate) struct StatesArgs {
    #[command(flatten)]
    pub(crate) item: ItemArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Say of each async function whether it can be lowered, and why not
///
/// Folders are searched for Rust files as git sees them: hidden and ignored files are left out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handroll check src
  handroll check src examples/echo.rs --json
  cargo handroll check                         the current folder
  handroll schema check                        the JSON schema of --json

Exit status: 0 all lowered, 1 some refused, 2 bad usage or some file unreadable or not Rust (the others are still checked), \
3 internal error.")]
pub(crate) struct CheckArgs {
    /// Files and folders
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The edition of the source [default: as the nearest Cargo.toml says; 2024 without one]
    #[arg(long, value_enum)]
    pub(crate) edition: Option<EditionArg>,
    /// Lower async blocks too, wherever they stand, as machines of their own
    #[arg(long)]
    pub(crate) nested: bool,
}

/// Explain a diagnostic's code, or list all codes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handroll explain
  handroll explain HR0001")]
pub(crate) struct ExplainArgs {
    /// A code, such as `HR0001`
    pub(crate) code: Option<String>,
}

/// Print the JSON schema of a command's --json output
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  handroll schema check > check.schema.json")]
pub(crate) struct SchemaArgs {
    /// The command
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

/// The commands with JSON output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// `handroll check --json`
    Check,
    /// `handroll states --json`
    States,
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handroll completions bash > ~/.local/share/bash-completion/completions/handroll
  handroll completions zsh > ~/.zfunc/_handroll
  handroll completions fish > ~/.config/fish/completions/handroll.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// The intermediate forms that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageArg {
    /// The item as parsed
    Parse,
    /// Locals, their identities and scopes
    Resolve,
    /// Every await in a statement of its own
    Desugar,
    /// Basic blocks and edges
    Graph,
    /// What each suspension point holds
    Analysis,
    /// Where each local is stored
    Layout,
    /// The lowered code
    Emit,
}

impl From<StageArg> for Stage {
    fn from(stage: StageArg) -> Stage {
        match stage {
            StageArg::Parse => Stage::Parse,
            StageArg::Resolve => Stage::Resolve,
            StageArg::Desugar => Stage::Desugar,
            StageArg::Graph => Stage::Graph,
            StageArg::Analysis => Stage::Analysis,
            StageArg::Layout => Stage::Layout,
            StageArg::Emit => Stage::Emit,
        }
    }
}

/// The definition of the command line.
pub(crate) fn definition(program: Program) -> clap::Command {
    let command = Cli::command();
    match program {
        Program::Handroll => command,
        Program::CargoHandroll => command.bin_name("cargo handroll"),
    }
}

/// Reads the arguments; the status to end with when there is nothing more to do (help, version, bad usage).
pub(crate) fn parse(
    program: Program,
    mut arguments: Vec<OsString>,
    console: &mut Console,
) -> Result<Cli, Status> {
    // Cargo starts `cargo-handroll handroll ..`; started by hand, the word may be missing.
    if program == Program::CargoHandroll
        && arguments.get(1).is_some_and(|first| first == "handroll")
    {
        arguments.remove(1);
    }
    let color = match console.is_colored() {
        (true, true) => clap::ColorChoice::Always,
        (false, false) => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    };
    let matches = definition(program)
        .color(color)
        .try_get_matches_from(arguments);
    matches
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches))
        .map_err(|error| {
            // A closed pipe is the reader's choice, and there is nobody else to tell.
            let _ = error.print();
            if error.exit_code() == 0 {
                Status::Done
            } else {
                Status::Unusable
            }
        })
}

/// The wish for color, before the arguments are known to be good: messages about bad arguments follow it too.
pub(crate) fn color_of(arguments: impl Iterator<Item = OsString>) -> ColorWhen {
    let mut color = ColorWhen::Auto;
    let mut arguments = arguments.take_while(|argument| argument != "--");
    while let Some(argument) = arguments.next() {
        let value = match argument.to_str() {
            Some("--color") => arguments.next(),
            Some(text) => text.strip_prefix("--color=").map(OsString::from),
            None => None,
        };
        if let Some(given) = value.and_then(|value| ColorWhen::from_str(value.to_str()?, true).ok())
        {
            color = given;
        }
    }
    color
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        definition(Program::Handroll).debug_assert();
        definition(Program::CargoHandroll).debug_assert();
    }

    #[test]
    fn finds_the_wish_for_color() {
        let color = |arguments: &[&str]| color_of(arguments.iter().map(OsString::from));
        assert_eq!(color(&["handroll", "show", "x.rs"]), ColorWhen::Auto);
        assert_eq!(
            color(&["handroll", "--color", "never", "show"]),
            ColorWhen::Never
        );
        assert_eq!(
            color(&["handroll", "show", "--color=always"]),
            ColorWhen::Always
        );
        assert_eq!(
            color(&["handroll", "show", "--", "--color=always"]),
            ColorWhen::Auto
        );
    }
}
