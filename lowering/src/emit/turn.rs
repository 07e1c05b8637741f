//! One turn of the machine: how the arms follow each other.
//!
//! ```text
//! Input:   the arms `Start`, `Read` and `Write`; `Start` enters `Read`, `Read` enters `Write`, `Write` enters `Read`
//! Output:  if let State::Start { .. } = state { .. }
//!          loop {
//!              if let State::Read { .. } = state { .. }
//!              if let State::Write { .. } = state { ..; continue; }
//!              after_completion(..)
//!          }
//! ```
//!
//! The arms are statements in the order of the source, and what is done there falls into the next, or into one further below: where that
//! is known in the middle of an arm, it leaves the block around it. Compilers then go straight on, where in a loop around a `match`
//! they look the state up in a table again; without a way back there is no loop either. Where each state is followed by one other, they
//! need no jump threading for that, which they do without where they optimise for size. Where there are many states, and some branch,
//! the arms are those of a `match` in a loop.

use super::arms::Arm;
use super::cleanup::{end_tail, strip_tail};
use super::residual::Residual;
use super::storage::Storage;
use super::{Input, Output, mentions_label};
use crate::ir::AwaitId;
use crate::layout::{Fresh, Layout};
use crate::report::AfterCompletion;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::parse::Parser;

/// The body of the step.
pub(super) fn turns(
    input: &Input<'_>,
    storage: &Storage<'_>,
    residual: &Residual<'_>,
    arms: &[Arm],
) -> TokenStream {
    let Some(sequence) = sequence(arms, input.layout) else {
        return repeated(input, residual, &branches(input, storage, residual, arms));
    };
    let scrutinee = storage.scrutinee();
    // After an error in an arm above, what the state is a reference to is not known, unless the pattern says that it is one.
    let explicit = input.item.output == Output::Expansion;
    let mut statements: Vec<TokenStream> = arms
        .iter()
        .zip(sequence.codes)
        .map(|(arm, code)| {
            let pattern = pattern(arm, input.layout, explicit);
            quote!(if let #pattern = #scrutinee { #code })
        })
        .collect();
    statements.push(ended(input, residual));
    let repeats = sequence.repeats.unwrap_or(statements.len());
    let again = statements.split_off(repeats);
    if again.is_empty() {
        return quote!(#(#statements)*);
    }
    let again = repeated(input, residual, &quote!(#(#again)*));
    quote!(#(#statements)* #again)
}

/// The machine's loop.
fn repeated(input: &Input<'_>, residual: &Residual<'_>, turn: &TokenStream) -> TokenStream {
    let label = input.layout.fresh.machine();
    if input.item.output == Output::Expansion || residual.foreign {
        // A `break` or `continue` in a macro whose definition is not in sight must not be taken for the machine's own: in a block with a
        // label, the compiler accepts none without.
        let name = match input.item.output {
            Output::Expansion => "'turn__hr",
            Output::Source if input.resolved.mentioned.contains("_turn") => "'_this_turn",
            Output::Source => "'_turn",
        };
        let inner = syn::Lifetime::new(name, proc_macro2::Span::mixed_site());
        return quote!(#label: loop { #inner: { #turn } });
    }
    quote!(#label: loop { #turn })
}

fn branches(
    input: &Input<'_>,
    storage: &Storage<'_>,
    residual: &Residual<'_>,
    arms: &[Arm],
) -> TokenStream {
    let fresh = &input.layout.fresh;
    let (rt, ty, scrutinee) = (&fresh.rt, &fresh.state_type, storage.scrutinee());
    let arms = arms.iter().map(|arm| {
        let pattern = pattern(arm, input.layout, false);
        let code = lead(&arm.code, &mut |_| Some(fresh.machine()), fresh);
        quote!(#pattern => { #code })
    });
    let returned = after_completion(input, residual);
    let place = residual.state_reference();
    quote! {
        match #scrutinee {
            #(#arms)*
            #ty::Returned => #returned,
            #ty::Panicked => #rt::after_panicking(#place, #ty::Returned),
        }
    }
}

/// The pattern of an arm's state. A wide function looks at the state itself, any other at a reference to it. `explicit`: the pattern says
/// so itself.
fn pattern(arm: &Arm, layout: &Layout, explicit: bool) -> TokenStream {
    let (
        ty,
        Arm {
            variant, fields, ..
        },
    ) = (&layout.fresh.state_type, arm);
    let (reference, binding) = match (layout.wide, explicit) {
        (true, _) => (None, Some(quote!(ref))),
        (false, true) => (Some(quote!(&mut)), Some(quote!(ref mut))),
        (false, false) => (None, None),
    };
    let fields = (!fields.is_empty()).then(|| quote!({ #(#binding #fields),* }));
    quote!(#reference #ty::#variant #fields)
}

/// What follows the statements: no state waits.
fn ended(input: &Input<'_>, residual: &Residual<'_>) -> TokenStream {
    let Layout { fresh, name, .. } = input.layout;
    let (rt, ty, state) = (&fresh.rt, &fresh.state_type, &fresh.state);
    let (plain, place) = if input.layout.framed() {
        let frame = &fresh.frame;
        (quote!(#frame.#state), quote!(#frame.#state))
    } else {
        (quote!(#state), quote!(*#state))
    };
    let never = matches!(&input.item.sig.output, syn::ReturnType::Type(_, ty) if matches!(**ty, syn::Type::Never(_)));
    // Whoever can name the frame could end it, and poll it then.
    if never && name.is_none() {
        return quote!(#rt::only_after_panicking!(#place, #ty::Returned));
    }
    let reference = residual.state_reference();
    let returned = after_completion(input, residual);
    quote! {
        if let #ty::Panicked = #plain {
            #rt::after_panicking(#reference, #ty::Returned)
        }
        #returned
    }
}

fn after_completion(input: &Input<'_>, residual: &Residual<'_>) -> TokenStream {
    let fresh = &input.layout.fresh;
    let (rt, ty, place) = (&fresh.rt, &fresh.state_type, residual.state_reference());
    match input.item.after_completion {
        AfterCompletion::Panic => quote!(#rt::after_completion(#place, #ty::Panicked)),
        AfterCompletion::Pending => quote!(return #rt::Poll::Pending),
    }
}

/// Arms as statements that follow each other.
struct Sequence {
    codes: Vec<TokenStream>,
    /// The first statement that is done again.
    repeats: Option<usize>,
}

/// Of more arms than this, each is followed by one other, or they are no statements: each looks at the state in its turn.
const MOST_THAT_BRANCH: usize = 10;

/// The code of the arms, if each enters the next one, one above, or none; or where they are few, whichever they enter.
fn sequence(arms: &[Arm], layout: &Layout) -> Option<Sequence> {
    let fresh = &layout.fresh;
    let place = |id| arms.iter().position(|arm| arm.id == Some(id));
    let few = arms.len() <= MOST_THAT_BRANCH && !layout.wide;
    let mut codes = Vec::new();
    let mut repeats: Option<usize> = None;
    for (i, arm) in arms.iter().enumerate() {
        let mut forward = false;
        for &entered in &arm.enters {
            let next = place(entered)?;
            if next > i {
                forward = true;
                if !few && (next > i + 1 || arm.enters.len() > 1) {
                    return None;
                }
            } else {
                if !few && arm.enters.len() > 1 {
                    return None;
                }
                repeats = Some(repeats.map_or(next, |first| first.min(next)));
            }
        }
        let back = |id| (place(id) <= Some(i)).then(|| fresh.machine());
        let code = lead(&arm.code, &mut { back }, fresh);
        let code = statement(&code, forward, &fresh.arm());
        let label = fresh.arm();
        if !mentions_label(&code, &label) {
            codes.push(code);
        } else if few {
            // From the middle of an arm.
            codes.push(quote!(#label: { #code }));
        } else {
            return None;
        }
    }
    Some(Sequence { codes, repeats })
}

/// An arm's code with its jumps to other arms: `continue` of the loop that `back` gives for an arm's state, else out of the arm.
fn lead(
    code: &TokenStream,
    back: &mut dyn FnMut(AwaitId) -> Option<syn::Lifetime>,
    fresh: &Fresh,
) -> TokenStream {
    let prefix = fresh.jump(0).ident.to_string();
    let prefix = prefix.trim_end_matches("0__hr");
    let target = |tree: &TokenTree| -> Option<AwaitId> {
        let TokenTree::Ident(ident) = tree else {
            return None;
        };
        let text = ident.to_string();
        text.strip_prefix(prefix)?
            .strip_suffix("__hr")?
            .parse()
            .ok()
    };
    let mut trees: Vec<TokenTree> = Vec::new();
    for tree in code.clone() {
        if let TokenTree::Group(group) = &tree {
            let mut inside = Group::new(group.delimiter(), lead(&group.stream(), back, fresh));
            inside.set_span(group.span());
            trees.push(inside.into());
        } else if let Some(id) = target(&tree) {
            // In place of `continue '`.
            trees.truncate(trees.len() - 2);
            trees.extend(match back(id) {
                Some(label) => quote!(continue #label),
                None => {
                    let label = fresh.arm();
                    quote!(break #label)
                }
            });
        } else {
            trees.push(tree);
        }
    }
    trees.into_iter().collect()
}

/// The code of an arm that is a statement: what falls into the next arm does not jump, and no temporary outlives its locals.
fn statement(code: &TokenStream, forward: bool, out: &syn::Lifetime) -> TokenStream {
    let last = code.clone().into_iter().last();
    let nested =
        matches!(&last, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace);
    if !nested && !forward {
        return code.clone();
    }
    let mut block = syn::Block {
        brace_token: Default::default(),
        stmts: syn::Block::parse_within
            .parse2(code.clone())
            .expect("an arm's code is a sequence of statements"),
    };
    if forward {
        strip_tail(
            &mut block,
            &|expr| matches!(expr, syn::Expr::Break(jump) if jump.label.as_ref() == Some(out)),
        );
    }
    end_tail(&mut block);
    let stmts = &block.stmts;
    quote!(#(#stmts)*)
}
