//! What stands around an item that the attribute sees alone: the rest of its file.

use crate::parse::{self, Found, Kind};
use crate::types::Table;
use proc_macro2::fallback;
use quote::{ToTokens, quote};

/// A source file, as far as it matters to a function in it.
pub struct Surroundings {
    pub(crate) table: Table,
    places: Vec<Place>,
}

/// Where an async function of the file stands.
struct Place {
    name: String,
    line: usize,
    kind: Kind,
    recursive: bool,
    /// `impl<T> Conn<T> where T: Read {}`: the `impl` block or trait around it, without its content.
    around: Option<String>,
    /// Whether that names a type.
    typed: bool,
}

impl Surroundings {
    /// Reads a file's text; nothing when it is not Rust.
    pub fn read(source: &str) -> Option<Self> {
        // Inside the compiler, text that a macro parses has no lines. So it is parsed once for the places, with tokens that have
        // them, and once for the types, which become part of what the macro gives back.
        fallback::force();
        let places =
            syn::parse_file(source).map(|file| parse::find(&file).iter().map(Place::of).collect());
        fallback::unforce();
        Some(Surroundings {
            places: places.ok()?,
            table: Table::of(&syn::parse_file(source).ok()?),
        })
    }

    /// Tells a function, which may have been found alone, what is around it. False when it does not stand in this file.
    pub(crate) fn tell(&self, found: &mut Found, alone: bool) -> bool {
        let (name, line) = (
            found.sig.ident.to_string(),
            found.sig.ident.span().start().line,
        );
        let mut places = self
            .places
            .iter()
            .filter(|place| place.name == name && place.line == line);
        let (Some(place), None) = (places.next(), places.next()) else {
            return false;
        };
        found.recursive |= place.recursive;
        if !alone {
            return true;
        }
        found.kind = place.kind;
        if let Some(around) = &place.around {
            let Ok(item) = syn::parse_str::<syn::ItemImpl>(around) else {
                return false;
            };
            found.outer = Some(item.generics);
            found.self_ty = place.typed.then_some(*item.self_ty);
        }
        true
    }
}

impl Place {
    fn of(found: &Found) -> Self {
        let around = found.outer.as_ref().map(|generics| {
            let (params, bounds) = (generics, &generics.where_clause);
            let ty = found
                .self_ty
                .as_ref()
                .map_or_else(|| quote!(()), ToTokens::to_token_stream);
            quote!(impl #params #ty #bounds {}).to_string()
        });
        Place {
            name: found.sig.ident.to_string(),
            line: found.sig.ident.span().start().line,
            kind: found.kind,
            recursive: found.recursive,
            around,
            typed: found.self_ty.is_some(),
        }
    }
}
