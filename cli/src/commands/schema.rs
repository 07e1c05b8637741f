//! `handroll schema`: what the JSON reports look like.

use crate::args::{SchemaArgs, SchemaOf};
use crate::failure::Failures;
use crate::output::Console;
use crate::status::Status;

pub(crate) fn run(arguments: &SchemaArgs, console: &mut Console) -> Result<Status, Failures> {
    console.print(match arguments.of {
        SchemaOf::Check => include_str!("../../schema/check.json"),
        SchemaOf::States => include_str!("../../schema/states.json"),
    })?;
    Ok(Status::Done)
}
