//! What stands in the attribute's parentheses.

use crate::edition::edition;
use handroll_lowering::{AfterCompletion, Options as Lowering};
use proc_macro2::{Span, TokenStream};
use std::collections::HashSet;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, LitStr, Token};

/// The options of one attribute.
pub(crate) struct Options {
    pub(crate) lowering: Lowering,
    /// Whether the lowered source is written to a file.
    pub(crate) dump: bool,
}

/// Every option, and how it is written.
const ALL: &[(&str, &str)] = &[
    ("name", "name = \"Echo\""),
    ("no_holders", "no_holders"),
    ("nested", "nested"),
    ("after_completion", "after_completion = \"pending\""),
    ("crate", "crate = path::to::handroll_rt"),
    ("dump", "dump"),
];

/// # Errors
/// When an option is unknown, is given twice, or has a wrong value.
pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Options> {
    let parser = |input: ParseStream<'_>| {
        let mut lowering = Lowering::default();
        lowering.edition = edition();
        let mut options = Options {
            lowering,
            dump: false,
        };
        let mut seen = HashSet::new();
        while !input.is_empty() {
            let name: Ident = syn::ext::IdentExt::parse_any(input)?;
            if !seen.insert(name.to_string()) {
                let message = format!("the option `{name}` is given twice");
                return Err(syn::Error::new(name.span(), message));
            }
            option(&name, input, &mut options)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    };
    parser.parse2(tokens)
}

fn option(name: &Ident, input: ParseStream<'_>, options: &mut Options) -> syn::Result<()> {
    let written = name.to_string();
    let Some((_, usage)) = ALL.iter().find(|(known, _)| *known == written) else {
        return Err(unknown(name));
    };
    let lowering = &mut options.lowering;
    let help = |span: Span| syn::Error::new(span, format!("write `{usage}`"));
    if usage.contains('=') && input.parse::<Token![=]>().is_err() {
        return Err(help(name.span()));
    }
    if !usage.contains('=') && input.peek(Token![=]) {
        let message = format!("`{written}` takes no value");
        return Err(syn::Error::new(input.span(), message));
    }
    let text = || -> syn::Result<(String, Span)> {
        let span = input.span();
        let text: LitStr = input.parse().map_err(|_| help(span))?;
        Ok((text.value(), text.span()))
    };
    match written.as_str() {
        "name" => {
            let (value, span) = text()?;
            if syn::parse_str::<Ident>(&value).is_err() {
                let message = format!("`{value}` is not a name for a type");
                return Err(syn::Error::new(span, message));
            }
            lowering.name = Some(value);
        }
        "no_holders" => lowering.no_holders = true,
        "nested" => lowering.nested = true,
        "after_completion" => {
            let (value, span) = text()?;
            lowering.after_completion = match value.as_str() {
                "panic" => AfterCompletion::Panic,
                "pending" => AfterCompletion::Pending,
                _ => return Err(syn::Error::new(span, "it is \"panic\" or \"pending\"")),
            };
        }
        "crate" => {
            let span = input.span();
            let path = syn::Path::parse_mod_style(input).map_err(|_| help(span))?;
            lowering.runtime = Some(path);
        }
        _ => options.dump = true,
    }
    Ok(())
}

fn unknown(name: &Ident) -> syn::Error {
    let written = name.to_string();
    let near = ALL
        .iter()
        .map(|(known, usage)| (distance(&written, known), usage))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let message = match near {
        Some((_, usage)) => format!("there is no option `{written}`; did you mean `{usage}`?"),
        None => {
            let all: Vec<_> = ALL.iter().map(|(name, _)| format!("`{name}`")).collect();
            format!(
                "there is no option `{written}`; there are {}",
                all.join(", ")
            )
        }
    };
    syn::Error::new(name.span(), message)
}

/// How many letters must change to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn words_are_as_far_apart_as_letters_must_change() {
        assert_eq!(distance("name", "name"), 0);
        assert_eq!(distance("nmae", "name"), 2);
        assert_eq!(distance("dum", "dump"), 1);
        assert_eq!(distance("", "crate"), 5);
    }
}
