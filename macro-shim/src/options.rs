//! What stands in the attribute's parentheses.

use crate::edition::edition;
use handroll_lowering::Options as Lowering;
use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Token};

/// The options of one attribute.
pub(crate) struct Options {
    pub(crate) lowering: Lowering,
}

/// Every option, as it is written.
const NAMES: &[&str] = &["name"];

pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Options> {
    (|input: ParseStream<'_>| {
        let mut lowering = Lowering::default();
        lowering.edition = edition();
        let mut options = Options { lowering };
        while !input.is_empty() {
            option(input, &mut options)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    })
    .parse2(tokens)
}

fn option(input: ParseStream<'_>, options: &mut Options) -> syn::Result<()> {
    let name: syn::Ident = syn::ext::IdentExt::parse_any(input)?;
    match name.to_string().as_str() {
        "name" => {
            input.parse::<Token![=]>()?;
            let value: LitStr = input.parse()?;
            options.lowering.name = Some(value.value());
        }
        _ => {
            return Err(syn::Error::new(
                name.span(),
                format!("there is no option `{name}`; there is {}", NAMES.join(", ")),
            ));
        }
    }
    Ok(())
}
