//! What stands around an item that the attribute sees alone: the rest of its file.

use crate::parse::{self, Found, Kind};
use crate::report::Options;
use crate::types::Table;
use proc_macro2::fallback;
use quote::{ToTokens, quote};
use std::borrow::Cow;

/// A source file, as far as it matters to a function in it.
pub struct Surroundings {
    source: String,
    places: Vec<Place>,
    /// What the file says about types, without tokens; none where these are needed.
    table: Option<Table>,
}

/// Where a function of the file stands.
struct Place {
    path: String,
    name: String,
    line: usize,
    kind: Kind,
    module: Option<String>,
    recursive: bool,
    /// `impl<T> Conn<T> where T: Read {}`: the `impl` block or trait around it, without its content.
    around: Option<String>,
    /// Whether that names a type.
    typed: bool,
}

impl Surroundings {
    /// Reads a file's text; nothing when it is not Rust.
    pub fn read(source: &str) -> Option<Self> {
        // Inside the compiler, text that a macro parses has no lines, and what it is made of does not outlive the macro's call. So the
        // file is read with other tokens, and what matters is kept as text.
        fallback::force();
        let known = syn::parse_file(source).map(|file| {
            let (found, plain) = parse::find_all(&file);
            let places = found.iter().chain(&plain).map(Place::of).collect();
            (places, Table::text_of(&file))
        });
        fallback::unforce();
        let (places, table) = known.ok()?;
        Some(Surroundings {
            source: source.to_owned(),
            places,
            table,
        })
    }

    /// What the file says about types.
    pub(crate) fn table(&self) -> Option<Cow<'_, Table>> {
        match &self.table {
            Some(table) => Some(Cow::Borrowed(table)),
            None => syn::parse_file(&self.source)
                .ok()
                .map(|file| Cow::Owned(Table::of(&file))),
        }
    }

    /// The lowered source of each async function of an item of this file, by its path.
    pub fn sources(
        &self,
        item: &proc_macro2::TokenStream,
        options: &Options,
    ) -> Vec<(String, String)> {
        let lines: Vec<(String, usize)> = crate::attribute::functions(item.clone());
        let here = |place: &&Place| lines.contains(&(place.name.clone(), place.line));
        fallback::force();
        let sources = self.places.iter().filter(here).filter_map(|place| {
            let mut options = options.clone();
            options.only = Some(place.path.clone());
            let file = crate::lower_file(&self.source, &options).ok()?;
            let lowered = file.functions.into_iter().next()?.outcome.ok()?;
            Some((place.path.clone(), lowered.text))
        });
        let sources = sources.collect();
        fallback::unforce();
        sources
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
            .filter(|place| place.line == line && place.name == name);
        let (Some(place), None) = (places.next(), places.next()) else {
            return false;
        };
        found.recursive |= place.recursive;
        found.module.clone_from(&place.module);
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
            path: found.path.clone(),
            name: found.sig.ident.to_string(),
            line: found.sig.ident.span().start().line,
            kind: found.kind,
            module: found.module.clone(),
            recursive: found.recursive,
            around,
            typed: found.self_ty.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Surroundings;
    use crate::report::Options;

    #[test]
    fn an_item_finds_its_place_and_its_lowered_source() {
        let source =
            "mod net { impl Conn { async fn read(&self) -> u8 { // Waits.\n wait().await } } }";
        let around = Surroundings::read(source).expect("it is Rust");
        let item = "async fn read(&self) -> u8 { wait().await }";
        let sources = around.sources(&item.parse().expect("it is Rust"), &Options::default());
        let [(path, text)] = &sources[..] else {
            panic!("{sources:?}");
        };
        assert_eq!(path, "net::Conn::read");
        assert!(text.contains("enum ReadState"), "{text}");
        assert!(text.contains("// Waits."), "{text}");
    }
}
