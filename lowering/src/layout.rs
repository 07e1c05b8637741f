//! Where each held local is stored, and what everything is called.

use crate::analysis::Analysis;
use crate::desugar::Body;
use crate::graph::Graph;
use crate::names::LocalId;
use crate::overlap::overlap;
use crate::report::Output;
use crate::resolve::Resolved;
use crate::types::Table;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::collections::{HashMap, HashSet};

/// The storage of a function.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Each local's name in the output.
    pub(crate) names: Vec<Ident>,
    /// One state for each await.
    pub(crate) states: Vec<State>,
    /// The type of each stored local, and of each child: spelled, or a type parameter.
    pub(crate) types: HashMap<LocalId, TokenStream>,
    /// The type parameter of each child, and its type: the parameter, or spelled in the named form.
    pub(crate) children: Vec<Ident>,
    pub(crate) child_types: Vec<TokenStream>,
    /// In a wide layout: the await whose place a child shares.
    pub(crate) owners: Vec<usize>,
    /// Too many states for one generic enum: see `emit::storage`.
    pub(crate) wide: bool,
    /// So much is held that one guard stands for what an arm does not touch: see `emit::kept`.
    pub(crate) deep: bool,
    /// The name that the user wants the future to have.
    pub(crate) name: Option<Ident>,
    /// Locals with a slot, in order of declaration.
    pub(crate) slots: Vec<LocalId>,
    /// The slots' places, in order.
    pub(crate) places: Vec<Place>,
    /// The fields of the places that slots share.
    shared: HashMap<LocalId, Ident>,
    /// The slots' names: unlike locals, they are all fields of one struct.
    slot_names: HashMap<LocalId, Ident>,
    /// The locals whose types are spelled.
    spelled: HashSet<LocalId>,
    /// The locals' names.
    texts: HashSet<String>,
    pub(crate) fresh: Fresh,
}

/// Where slots are in the frame.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Own(LocalId),
    /// A union for locals that are never there at the same time.
    Shared {
        field: Ident,
        ty: Ident,
        locals: Vec<LocalId>,
    },
}

/// The state of one suspension point.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) name: Ident,
    /// In order of declaration.
    pub(crate) carried: Vec<LocalId>,
    pub(crate) pinned: Vec<LocalId>,
}

/// Names of the output that must not clash with the function's own.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(crate) rt: Ident,
    pub(crate) state: Ident,
    pub(crate) frame: Ident,
    pub(crate) cx: Ident,
    pub(crate) child: Ident,
    pub(crate) ready: Ident,
    pub(crate) kept: Ident,
    pub(crate) state_type: Ident,
    pub(crate) frame_type: Ident,
    pub(crate) children_type: Ident,
    pub(crate) machine_label: Ident,
    pub(crate) arm_label: Ident,
    /// Of an expansion: see `emit::expansion`.
    pub(crate) as_written: Ident,
    pub(crate) any: Ident,
    pub(crate) accepted: Ident,
}

impl Fresh {
    /// Names for the function `name`, none of which is `mentioned` in it. In the named form its future is called `form`.
    pub(crate) fn new(
        name: &str,
        mentioned: &HashSet<String>,
        output: Output,
        form: Option<&str>,
    ) -> Self {
        let mut taken: HashSet<String> = mentioned.clone();
        // People who read from networks have frames of their own.
        let frame = if taken.contains("frame") {
            "storage"
        } else {
            "frame"
        };
        let mut fresh = |wanted: &str| {
            // Nobody reads an expansion, and what it cannot see, such as a constant, must not have the name of a variable.
            let wanted = match output {
                Output::Expansion if wanted.starts_with(char::is_lowercase) => {
                    &format!("{wanted}_lowered")
                }
                _ => wanted,
            };
            let free = unique(wanted, |name| taken.contains(name));
            taken.insert(free.clone());
            Ident::new(&free, Span::call_site())
        };
        let base = camel(name);
        Fresh {
            rt: fresh("rt"),
            state: fresh("state"),
            frame: fresh(frame),
            cx: fresh("cx"),
            child: fresh("child"),
            ready: fresh("output"),
            kept: fresh("kept"),
            state_type: fresh(&format!("{base}State")),
            frame_type: form.map_or_else(
                || fresh(&format!("{base}Frame")),
                |name| Ident::new(name, Span::call_site()),
            ),
            children_type: fresh(&format!("{base}Children")),
            machine_label: fresh("machine"),
            arm_label: fresh("arm"),
            as_written: fresh(&format!("{}_as_written", name.trim_start_matches("r#"))),
            any: fresh("Any"),
            accepted: fresh("accepted"),
        }
    }
}

impl Fresh {
    /// The label of the machine's loop; it is pruned where nothing needs it.
    pub(crate) fn machine(&self) -> syn::Lifetime {
        syn::Lifetime {
            apostrophe: Span::call_site(),
            ident: format_ident!("{}__hr", self.machine_label),
        }
    }

    /// What a jump to a state names until it is known how the arms follow each other.
    pub(crate) fn jump(&self, to: usize) -> syn::Lifetime {
        syn::Lifetime {
            apostrophe: Span::call_site(),
            ident: format_ident!("{}_{to}__hr", self.machine_label),
        }
    }

    /// The label of an arm that is left for a later one.
    pub(crate) fn arm(&self) -> syn::Lifetime {
        syn::Lifetime {
            apostrophe: Span::call_site(),
            ident: format_ident!("{}__hr", self.arm_label),
        }
    }
}

/// What the layout needs to know of the function besides its body.
pub(crate) struct Context<'a> {
    pub(crate) name: &'a str,
    /// Names of its generics and of the `impl` block's.
    pub(crate) generics: &'a HashSet<String>,
    /// Every identifier that the item mentions.
    pub(crate) mentioned: &'a HashSet<String>,
    pub(crate) table: &'a Table,
    /// The name that the future should have.
    pub(crate) wanted: Option<&'a str>,
    pub(crate) wide: bool,
    pub(crate) output: Output,
}

/// A wide function that holds more than so many values with a drop at an await, on average, is deep.
const DEEP: usize = 16;

pub(crate) fn layout(
    cx: &Context<'_>,
    resolved: &Resolved,
    body: &Body,
    graph: &Graph,
    analysis: &Analysis,
) -> Layout {
    let fresh = Fresh::new(cx.name, cx.mentioned, cx.output, cx.wanted);
    let names = local_names(cx, resolved, graph, analysis, &fresh);
    let mut state_names = Taken::new(["Start", "Returned", "Panicked"].map(str::to_owned).into());
    let states: Vec<State> = body
        .awaits
        .iter()
        .zip(&analysis.held)
        .map(|(awaited, held)| {
            let name = state_names.take(&camel(&awaited.name));
            let (pinned, carried) = held
                .iter()
                .map(|holding| holding.local)
                .partition(|local| analysis.pinned.contains(local));
            State {
                name: Ident::new(&name, Span::call_site()),
                carried,
                pinned,
            }
        })
        .collect();

    // Types: spelled where a nested item can spell them, else parameters.
    let mut types = HashMap::new();
    let mut used = Taken::default();
    let stored: Vec<LocalId> = {
        let mut all: Vec<LocalId> = body.params.clone();
        all.extend(
            states
                .iter()
                .flat_map(|state| state.carried.iter().chain(&state.pinned)),
        );
        all.extend(analysis.pinned.iter());
        all.sort();
        all.dedup();
        all
    };
    let known = |local: LocalId| {
        let spelled = resolved.locals[local.0].ty.as_ref();
        let ty = spelled.or_else(|| graph.types.get(&local));
        ty.filter(|ty| cx.table.closed(ty, cx.generics))
    };
    for &local in &stored {
        if let Some(ty) = known(local) {
            types.insert(local, ty.to_token_stream());
            idents(ty.to_token_stream(), &mut used.names);
        }
    }
    let mut param = |wanted: String| Ident::new(&used.take(&wanted), Span::call_site());
    // All calls of one function have one future: in a wide layout they share its place and its parameter.
    let mut shared: HashMap<&str, usize> = HashMap::new();
    let mut owners: Vec<usize> = (0..states.len()).collect();
    if cx.wide {
        crate::ir::Awaits::each(&body.block, &mut |found| {
            if let Some(name) = graph.callees.get(&found.id) {
                owners[found.id] = *shared.entry(name).or_insert(found.id);
            }
        });
    }
    let mut children: Vec<Ident> = Vec::with_capacity(states.len());
    for (id, state) in states.iter().enumerate() {
        let ident = if owners[id] < id {
            children[owners[id]].clone()
        } else {
            param(state.name.to_string())
        };
        children.push(ident);
    }
    for &local in &stored {
        types
            .entry(local)
            .or_insert_with(|| param(camel(&names[local.0].to_string())).into_token_stream());
    }
    let mut slots: Vec<LocalId> = analysis.pinned.iter().collect();
    let order = declaration_order(graph, resolved.locals.len());
    slots.sort_by_key(|local| (order[local.0], local.0));
    let spelled: HashSet<LocalId> = stored
        .iter()
        .copied()
        .filter(|local| known(*local).is_some())
        .collect();
    let mut slot_names: HashMap<LocalId, Ident> = HashMap::new();
    let mut taken = Taken::new(HashSet::from([fresh.state.to_string()]));
    for &local in &slots {
        let name = taken.take(&names[local.0].to_string());
        slot_names.insert(local, ident(&name, Span::call_site()));
    }
    let mut shared = HashMap::new();
    let mut shared_types = Taken::new(cx.mentioned.clone());
    let small = |local: LocalId| is_small(known(local));
    let places = overlap(graph, analysis, &slots, small)
        .into_iter()
        .map(|locals| {
            if let [local] = locals[..] {
                return Place::Own(local);
            }
            let field = ident(&taken.take("shared"), Span::call_site());
            let ty = ident(
                &shared_types.take(&format!("{}Shared", camel(cx.name))),
                Span::call_site(),
            );
            shared.extend(locals.iter().map(|&local| (local, field.clone())));
            Place::Shared { field, ty, locals }
        })
        .collect();
    let drops = |local: &&LocalId| !graph.facts[local.0].no_drop;
    let held: usize = states
        .iter()
        .map(|state| state.pinned.iter().filter(drops).count())
        .sum();
    Layout {
        deep: cx.wide && held > DEEP * states.len(),
        texts: names.iter().map(ToString::to_string).collect(),
        names,
        states,
        types,
        child_types: children.iter().map(ToTokens::to_token_stream).collect(),
        children,
        owners,
        wide: cx.wide,
        name: cx.wanted.map(|name| Ident::new(name, Span::call_site())),
        slots,
        places,
        shared,
        slot_names,
        spelled,
        fresh,
    }
}

/// Whether a type is spelled whose values are no larger than a pointer or two.
fn is_small(ty: Option<&syn::Type>) -> bool {
    match ty {
        Some(syn::Type::Reference(_) | syn::Type::Ptr(_)) => true,
        Some(syn::Type::Path(path)) => path.path.get_ident().is_some_and(|name| {
            let name = name.to_string();
            name.starts_with(['u', 'i', 'f']) && name[1..].chars().all(|c| c.is_ascii_digit())
                || matches!(&*name, "bool" | "char" | "usize" | "isize")
        }),
        _ => false,
    }
}

impl Layout {
    /// `FooState<A, B>`, or with the given brackets' content left out when there are no parameters.
    pub(crate) fn generics(params: &[Ident]) -> TokenStream {
        if params.is_empty() {
            quote!()
        } else {
            quote!(<#(#params),*>)
        }
    }

    /// Whether the state is a field of a frame.
    pub(crate) fn framed(&self) -> bool {
        self.wide || self.name.is_some() || !self.slots.is_empty()
    }

    /// The name of a child's field in a wide function.
    pub(crate) fn child_field(&self, id: usize) -> Ident {
        let name = self.states[self.owners[id]].name.to_string();
        let mut out = String::new();
        for (i, c) in name.chars().enumerate() {
            if c.is_uppercase() && i > 0 {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        }
        format_ident!("{out}_")
    }

    /// The type parameters of the state, in order of first use.
    pub(crate) fn params(&self, body: &Body, states: impl Iterator<Item = usize>) -> Vec<Ident> {
        let mut params = Vec::new();
        body.params
            .iter()
            .for_each(|local| self.add_param(*local, &mut params));
        for id in states {
            if body.awaits[id].tokens.is_some() {
                params.push(self.children[id].clone());
            }
            self.states[id]
                .carried
                .iter()
                .rev()
                .for_each(|local| self.add_param(*local, &mut params));
        }
        params
    }

    /// The type parameters of the frame.
    /// The type parameters of some slots.
    pub(crate) fn slot_params(&self, locals: &[LocalId]) -> Vec<Ident> {
        let mut params = Vec::new();
        locals
            .iter()
            .for_each(|local| self.add_param(*local, &mut params));
        params
    }

    pub(crate) fn with_slots(&self, params: &[Ident]) -> Vec<Ident> {
        let mut params = params.to_vec();
        self.slots
            .iter()
            .for_each(|local| self.add_param(*local, &mut params));
        params
    }

    fn add_param(&self, local: LocalId, params: &mut Vec<Ident>) {
        if !self.spelled.contains(&local) {
            let ident = format_ident!("{}", self.types[&local].to_string());
            if !params.contains(&ident) {
                params.push(ident);
            }
        }
    }

    /// Whether a stored local's type is spelled.
    pub(crate) fn spells(&self, local: LocalId) -> bool {
        self.spelled.contains(&local)
    }

    pub(crate) fn name(&self, local: LocalId) -> &Ident {
        &self.names[local.0]
    }

    /// Whether it is the final name of some local.
    pub(crate) fn names_a_local(&self, name: &str) -> bool {
        self.texts.contains(name)
    }

    /// The local of a final name, where only one has it.
    pub(crate) fn by_name(&self, name: &Ident) -> Option<LocalId> {
        let mut found = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, other)| *other == name);
        let (first, _) = found.next()?;
        found.next().is_none().then_some(LocalId(first))
    }

    /// The name of a pinned local's slot.
    /// The path of a local's slot in the frame.
    pub(crate) fn place(&self, local: LocalId) -> TokenStream {
        let slot = self.slot(local);
        match self.shared.get(&local) {
            Some(field) => quote!(#field.#slot),
            None => slot.to_token_stream(),
        }
    }

    pub(crate) fn slot(&self, local: LocalId) -> &Ident {
        &self.slot_names[&local]
    }
}

/// Each local's least place in a scope. Locals are numbered in order of declaration, hidden ones after the rest: the scopes know better.
fn declaration_order(graph: &Graph, locals: usize) -> Vec<usize> {
    let mut order = vec![usize::MAX; locals];
    for scope in &graph.in_scope {
        for (at, local) in scope.iter().enumerate() {
            order[local.0] = order[local.0].min(at);
        }
    }
    order
}

/// A local keeps its name. When it is held while another of its name hides it, it becomes `name_outer`; a hidden local gets a number
/// when another one of its kind is needed at the same time.
fn local_names(
    cx: &Context<'_>,
    resolved: &Resolved,
    graph: &Graph,
    analysis: &Analysis,
    fresh: &Fresh,
) -> Vec<Ident> {
    let ours: HashSet<String> = [
        &fresh.rt,
        &fresh.state,
        &fresh.frame,
        &fresh.cx,
        &fresh.child,
        &fresh.ready,
        &fresh.kept,
        &fresh.machine_label,
        &fresh.arm_label,
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    let mut names: Vec<String> = resolved
        .locals
        .iter()
        .map(|local| local.base.clone())
        .collect();
    let visible: HashSet<&str> = resolved
        .locals
        .iter()
        .filter(|local| !local.hidden)
        .map(|local| local.base.as_str())
        .collect();
    let raw = |name: &str, taken: &dyn Fn(&str) -> bool| unique(name, |name| taken(name));
    for (i, local) in resolved.locals.iter().enumerate() {
        let this = local.base == "this"
            && visible.contains("this")
            && resolved
                .locals
                .iter()
                .filter(|other| other.base == "this")
                .count()
                > 0;
        if local.hidden || this && local.span.source_text().as_deref() == Some("self") {
            let clashes = |name: &str| cx.mentioned.contains(name) || ours.contains(name);
            let together = |name: &str| {
                let unique = local.base.ends_with("_held")
                    || local.base.ends_with("_out")
                    || matches!(
                        local.base.as_str(),
                        "tail" | "temporary" | "temps" | "param"
                    );
                unique
                    && resolved.locals[..i]
                        .iter()
                        .enumerate()
                        .any(|(j, other)| other.hidden && names[j] == name)
                    || analysis.together.iter().any(|&(a, b)| {
                        (a.0 == i && b.0 < i && names[b.0] == name)
                            || (b.0 == i && a.0 < i && names[a.0] == name)
                    })
            };
            names[i] = raw(&local.base, &|name| clashes(name) || together(name));
        }
    }
    let mut taken: Option<Taken> = None;
    // Names as numbers; a new name gets a new one.
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut number: Vec<usize> = Vec::with_capacity(names.len());
    for name in &names {
        let next = numbers.len();
        number.push(*numbers.entry(name).or_insert(next));
    }
    let mut next = numbers.len();
    // Where a name stands last in the scope of an await.
    let mut last: Vec<usize> = vec![0; next];
    let mut position: Vec<usize> = vec![0; names.len()];
    let assigned = graph.assigned();
    let mut renamed = true;
    while renamed {
        renamed = false;
        for (id, held) in analysis.held.iter().enumerate() {
            let mut hides = false;
            for (at, local) in graph.in_scope[id].iter().enumerate() {
                let last = &mut last[number[local.0]];
                hides |= *last != 0;
                *last = at + 1;
                position[local.0] = at + 1;
            }
            if hides {
                // What is assigned may be declared again, without a value, where it is not held.
                let late = graph.in_scope[id].iter().filter(|local| {
                    assigned.contains(local) && !held.iter().any(|held| held.local == **local)
                });
                let held = held.iter().map(|holding| &holding.local);
                for LocalId(local) in held.chain(late).copied() {
                    if last[number[local]] > position[local] {
                        let taken = taken.get_or_insert_with(|| {
                            let all = names.iter().chain(cx.mentioned).chain(&ours);
                            Taken::new(all.cloned().collect())
                        });
                        names[local] =
                            taken.take(&format!("{}_outer", names[local].trim_start_matches("r#")));
                        number[local] = next;
                        next += 1;
                        last.push(0);
                        renamed = true;
                    }
                }
            }
            for local in &graph.in_scope[id] {
                last[number[local.0]] = 0;
            }
        }
    }
    names
        .iter()
        .zip(&resolved.locals)
        .map(|(name, local)| {
            // In an expansion a local keeps the place and the hygiene of its declaration; what handroll made has the macro's own. In a
            // source, only what stands as it was written has a place.
            let span = match cx.output {
                Output::Expansion if local.hidden => Span::call_site().located_at(local.span),
                Output::Expansion => local.span,
                Output::Source => Span::call_site(),
            };
            ident(name, span)
        })
        .collect()
}

fn ident(name: &str, span: Span) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, span),
        None => Ident::new(name, span),
    }
}

/// Names that are in use, and where to look for the next free number of a name.
#[derive(Default)]
struct Taken {
    names: HashSet<String>,
    next: HashMap<String, usize>,
}

impl Taken {
    fn new(names: HashSet<String>) -> Self {
        Taken {
            names,
            next: HashMap::new(),
        }
    }

    /// The name itself, or with the least number that makes it a new one.
    fn take(&mut self, wanted: &str) -> String {
        let name = if self.names.contains(wanted) {
            let next = self.next.entry(wanted.to_owned()).or_insert(2);
            let separator = separator(wanted);
            loop {
                let name = format!("{wanted}{separator}{next}");
                *next += 1;
                if !self.names.contains(&name) {
                    break name;
                }
            }
        } else {
            wanted.to_owned()
        };
        self.names.insert(name.clone());
        name
    }
}

fn separator(wanted: &str) -> &'static str {
    if wanted.starts_with(char::is_uppercase) && !wanted.ends_with(|c: char| c.is_ascii_digit()) {
        ""
    } else {
        "_"
    }
}

fn unique(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(wanted) {
        return wanted.to_owned();
    }
    let separator = separator(wanted);
    (2..)
        .map(|n| format!("{wanted}{separator}{n}"))
        .find(|name| !taken(name))
        .expect("numbers do not end")
}

/// `read_line` to `ReadLine`.
pub(crate) fn camel(name: &str) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let mut out = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        let mut chars = word.chars();
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        let rest: String = chars.collect();
        let shouting = rest.chars().all(|c| !c.is_lowercase())
            && rest.len() > 2
            && !name.contains(char::is_lowercase);
        out.push_str(&if shouting { rest.to_lowercase() } else { rest });
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "Wait");
    }
    out
}

/// Every identifier of a function.
pub(crate) fn mentioned(sig: &syn::Signature, block: &syn::Block) -> HashSet<String> {
    struct Idents(HashSet<String>);
    impl<'ast> syn::visit::Visit<'ast> for Idents {
        fn visit_ident(&mut self, ident: &'ast Ident) {
            insert(ident, &mut self.0);
        }
        fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
            idents(tokens.clone(), &mut self.0);
        }
    }
    let mut found = Idents(HashSet::new());
    syn::visit::Visit::visit_signature(&mut found, sig);
    syn::visit::Visit::visit_block(&mut found, block);
    found.0
}

fn insert(ident: &Ident, into: &mut HashSet<String>) {
    crate::names::with_text(ident, |name| {
        if !into.contains(name) {
            into.insert(name.to_owned());
        }
    });
}

/// Every identifier of a token stream.
fn idents(tokens: TokenStream, into: &mut HashSet<String>) {
    for tree in tokens {
        match tree {
            proc_macro2::TokenTree::Ident(ident) => {
                insert(&ident, into);
            }
            proc_macro2::TokenTree::Group(group) => idents(group.stream(), into),
            _ => {}
        }
    }
}
