//! What the files of a package say about each other's types.

use super::{Receiver, Table};
use std::collections::{HashMap, HashSet};

/// What the files of a package say about the types that it defines: how their methods take `self`, and which fields are copied where they
/// are used. [`Options::types`](crate::Options::types) takes it, for all files of the package.
#[derive(Clone, Debug, Default)]
pub struct PackageTypes {
    /// Methods by name: whether one takes `self` by reference, and whether one takes it by value.
    methods: HashMap<String, (bool, bool)>,
    /// Methods by type and name; none where two disagree.
    typed_methods: HashMap<(String, String), Option<Receiver>>,
    /// Fields by type and name.
    copied: HashSet<(String, String)>,
    /// Async functions that are generic over types, methods included.
    generic: HashSet<String>,
    /// What functions call whose result has a type without a name.
    handed_on: HashSet<String>,
    /// How many files define a type of this name.
    defined: HashMap<String, usize>,
    /// Names that a file brings in from elsewhere, and that others may have from there.
    foreign: HashSet<String>,
}

impl PackageTypes {
    /// Adds a file's text; one that is not Rust adds nothing.
    ///
    /// ```
    /// use handroll_lowering::{Options, PackageTypes, lower_file};
    ///
    /// let mut types = PackageTypes::default();
    /// types.add("pub struct Conn; impl Conn { pub fn close(self) {} }");
    ///
    /// let source = "use crate::Conn; async fn end(conn: Conn) { conn.close(); wait().await }";
    /// let mut options = Options::default();
    /// options.types = Some(types.into());
    /// let file = lower_file(source, &options).expect("it is Rust");
    /// let end = file.functions[0].outcome.as_ref().expect("it is lowered");
    /// assert!(!end.text.contains("hold!"));
    /// ```
    pub fn add(&mut self, source: &str) {
        let Ok(file) = syn::parse_file(source) else {
            return;
        };
        let table = Table::of(&file);
        for (name, receivers) in &table.methods {
            let known = self.methods.entry(name.clone()).or_default();
            known.0 |= receivers.contains(&Receiver::ByRef);
            known.1 |= receivers.contains(&Receiver::ByValue);
        }
        for (method, receiver) in &table.typed_methods {
            let known = self.typed_methods.entry(method.clone());
            let known = known.or_insert(Some(*receiver));
            *known = known.filter(|known| known == receiver);
        }
        let fields = table.fields.iter();
        let copied = fields.filter(|(_, said)| said.ty().is_some_and(|ty| table.facts(&ty).copy));
        self.copied.extend(copied.map(|(field, _)| field.clone()));
        self.generic.extend(table.generic.iter().cloned());
        self.handed_on.extend(table.handed_on.iter().cloned());
        for name in &table.defined {
            *self.defined.entry(name.clone()).or_default() += 1;
        }
        let foreign = table
            .imports
            .keys()
            .filter(|name| table.imports_foreign(name));
        self.foreign.extend(foreign.cloned());
    }

    /// Whether a name can mean one type only, wherever the package brings it in from itself.
    fn defines_once(&self, name: &str) -> bool {
        self.defined.get(name) == Some(&1) && !self.foreign.contains(name)
    }

    /// How the method of a type takes `self`.
    pub(super) fn receiver(&self, ty: &str, method: &str) -> Option<Receiver> {
        let key = (ty.to_owned(), method.to_owned());
        self.defines_once(ty)
            .then(|| self.typed_methods.get(&key).copied().flatten())?
    }

    /// Whether all methods of this name borrow `self`.
    pub(super) fn borrows(&self, method: &str) -> bool {
        self.methods.get(method) == Some(&(true, false))
    }

    /// Whether some method of this name takes `self` by value.
    pub(super) fn consumes(&self, method: &str) -> bool {
        self.methods
            .get(method)
            .is_some_and(|(_, by_value)| *by_value)
    }

    /// Whether some async function of this name is generic over types.
    pub(super) fn is_generic(&self, function: &str) -> bool {
        self.generic.contains(function)
    }

    /// Whether some function calls one of this name and gives back something whose type has no name.
    pub(super) fn may_be_handed_on(&self, function: &str) -> bool {
        self.handed_on.contains(function)
    }

    /// Whether the type of a field is `Copy`.
    pub(super) fn copies(&self, ty: &str, member: &str) -> bool {
        let key = (ty.to_owned(), member.to_owned());
        self.defines_once(ty) && self.copied.contains(&key)
    }
}
