//! The expansion of the attribute: the machine beside the function as it was written.
//!
//! ```text
//! fn fetch(url: &str) -> impl Future<Output = u32> + rt::Inspect {
//!     use ::handroll_rt as rt;
//!     let fetch_as_written = PhantomData;
//!     let accepted = {
//!         async fn fetch<Any>(url: &str) -> u32 { .. }
//!         if false {
//!             rt::stands_for(fetch_as_written, fetch::<_>(url));
//!             loop {}
//!         }
//!         let accepted = rt::accepted!(fetch_as_written, u32);
//!         if false {
//!             rt::stands_for(fetch_as_written, fetch::<()>(rt::any()));
//!             loop {}
//!         }
//!         accepted
//!     };
//!     #[allow(..)]
//!     let fetch_as_written = { .. rt::Lowered::new(rt::holds_no_more!(), fetch_as_written, frame, step) };
//!     fetch_as_written
//! }
//! ```
//!
//! The compiler checks the user's own code there, and reports what is wrong with it in the user's terms. The machine has the same
//! mistakes once more, and they must not be reported again. Three things see to that:
//!
//! - An error that is the same to the letter, at the same tokens, is reported once.
//! - `accepted!` asks for an auto trait of the original's future, for which the compiler checks the original to its end. When that
//!   failed, the function that asked counts as failed too: its open types are not asked for, and its borrows are not checked.
//!   The compiler only looks that closely when the type is not settled, hence the parameter `Any`, which the second call settles.
//! - What `accepted!` gives then has no type, so nothing that goes through it is reported: what is returned, awaited, or tried by `?`.
//!
//! The original's future stands first in the type of what is returned, so that a missing `Send` is explained by the original.

use super::storage::Look;
use super::{Input, Item, has_ident};
use crate::desugar::Body;
use crate::layout::{Fresh, Layout};
use crate::report::Edition;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, GenericParam};

/// The lowered function's own parts.
pub(super) struct Parts<'a> {
    pub(super) alias: TokenStream,
    pub(super) prologue: &'a TokenStream,
    pub(super) items: TokenStream,
    pub(super) initial: TokenStream,
    pub(super) step: TokenStream,
    pub(super) look: Look,
}

/// The lints of which only the original is to be checked. `warnings` are not those that somebody denies by name or with their group.
fn silence() -> TokenStream {
    quote! {
        #[allow(
            warnings,
            unknown_lints,
            renamed_and_removed_lints,
            dead_code,
            unreachable_code,
            unreachable_patterns,
            unused_assignments,
            unused_braces,
            unused_labels,
            unused_mut,
            unused_parens,
            unused_variables,
            let_underscore_lock,
            nonstandard_style,
            non_shorthand_field_patterns,
            let_underscore_drop,
            trivial_casts,
            trivial_numeric_casts,
            closure_returning_async_block,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction
        )]
    }
}

/// The items that take the place of a function.
pub(super) fn function(input: &Input<'_>, body: &Body, parts: &Parts<'_>) -> TokenStream {
    let Input { item, layout, .. } = input;
    let (rt, native) = (&layout.fresh.rt, &layout.fresh.as_written);
    let mut sig = input.signature.sig.clone();
    if let syn::ReturnType::Type(_, ty) = &mut sig.output
        && let syn::Type::ImplTrait(ty) = &mut **ty
        && !item.in_trait
    {
        // In a trait, only what the trait says of the future is known of it.
        ty.bounds.push(syn::parse_quote!(::handroll_rt::Inspect));
    }
    let (vis, attrs) = (item.vis, outer_attributes(item));
    let (beside, check) = original(input, body, Arguments::Own);
    let Parts {
        alias,
        prologue,
        items,
        initial,
        step,
        look,
    } = parts;
    let awaited = input.signature.awaits().then(|| quote!(.await));
    let silence = silence();
    let step = in_edition(through(step.clone(), rt, &layout.fresh.accepted), input);
    let step = asked(rt, &step, look);
    let mut content = Group::new(
        Delimiter::Brace,
        quote! {
            #alias
            #prologue
            let #native = ::core::marker::PhantomData;
            #check
            #silence
            let #native = {
                #items
                #rt::Lowered::new(#rt::holds_no_more!(), #native, #initial, #step)
            };
            #native #awaited
        },
    );
    // In the user's braces: the compiler says nothing of a whole function that stands in another crate's macro, such as that
    // nobody uses it.
    content.set_span(item.block.brace_token.span.join());
    let condition = item.condition;
    let beside = (!beside.is_empty()).then(|| quote!(#condition #beside));
    quote! {
        #beside
        #condition
        #(#attrs)*
        #vis #sig #content
    }
}

/// With the named form: what checks the original in its `poll`, and the step through that.
pub(super) fn of_named(
    input: &Input<'_>,
    body: &Body,
    step: TokenStream,
) -> (TokenStream, TokenStream) {
    let fresh = &input.layout.fresh;
    let native = &fresh.as_written;
    let (_, check) = original(input, body, Arguments::Any);
    let check = quote! {
        let #native = ::core::marker::PhantomData;
        #check
    };
    let step = through(step, &fresh.rt, &fresh.accepted);
    (check, in_edition(step, input))
}

/// A function that is not async, whose async blocks are lowered: its body with their machines, beside the original. That is checked as if
/// it were async, with all that it says in its body: so the compiler can be asked about it in the same way.
pub(crate) fn of_plain(item: &Item<'_>, fresh: &Fresh, body: TokenStream) -> TokenStream {
    let (rt, native) = (&fresh.rt, &fresh.as_written);
    let Item {
        sig, vis, block, ..
    } = item;
    let (attrs, alias) = (outer_attributes(item), super::alias(rt));
    let mut written = (*sig).clone();
    written.asyncness = Some(syn::Token![async](sig.fn_token.span));
    let mut lints = item.attrs.to_vec();
    lints.push(syn::parse_quote!(#[allow(clippy::unused_async, clippy::async_yields_async)]));
    let original = Item {
        sig: &written,
        attrs: &lints,
        ..item.clone()
    };
    let arguments: Vec<TokenStream> = sig.inputs.iter().map(argument).collect();
    let output = output(sig);
    let returned = Ident::new("returned", Span::mixed_site());
    let in_place = quote! {
        async move {
            if let ::core::option::Option::Some(#returned) = ::core::option::Option::None::<#output> {
                return #returned;
            }
            #block
        }
    };
    // Nothing of this function's goes through the answer: its blocks have outputs of their own.
    let checked = (&in_place, &quote!(()));
    let (beside, check) = self::checked(&original, fresh, &arguments, Arguments::Own, checked);
    let silence = silence();
    let mut content = Group::new(
        Delimiter::Brace,
        quote! {
            #alias
            let #native = ::core::marker::PhantomData;
            #check
            #silence
            return #body;
        },
    );
    content.set_span(block.brace_token.span.join());
    quote! {
        #beside
        #(#attrs)*
        #vis #sig #content
    }
}

/// What a parameter is called in the function; whatever fits, where it is taken apart.
fn argument(param: &FnArg) -> TokenStream {
    match param {
        FnArg::Receiver(receiver) => receiver.self_token.to_token_stream(),
        FnArg::Typed(typed) => match &*typed.pat {
            syn::Pat::Ident(pat) if pat.subpat.is_none() && pat.by_ref.is_none() => {
                pat.ident.to_token_stream()
            }
            _ => quote!(::handroll_rt::any()),
        },
    }
}

/// Of an async block, which is checked with the original around it: the machine's code goes through that as well.
pub(super) fn of_block(
    input: &Input<'_>,
    initial: &TokenStream,
    step: TokenStream,
    look: &Look,
    gives_output: bool,
) -> TokenStream {
    let Layout { fresh, .. } = input.layout;
    let (rt, accepted) = (&fresh.rt, &fresh.accepted);
    let around = crate::nested::around(accepted.span());
    let step = in_edition(through(step, rt, accepted), input);
    // What the block gives is known by what it returns, if by anything.
    let output = (!gives_output).then(|| quote!(::<()>));
    let step = asked(rt, &step, look);
    // Beside the captures, which may have any name.
    quote! {
        #rt::LoweredBlock::new(#initial, {
            let #accepted = #around.within #output();
            #step
        })
    }
}

/// The step, with both that it may be asked for.
fn asked(rt: &Ident, step: &TokenStream, look: &Look) -> TokenStream {
    let asked = Ident::new("asked", Span::mixed_site());
    let Look { handle, state } = look;
    quote! {
        move |#asked| match #asked {
            #step
            #rt::Asked::Where(#handle) => #rt::Answered::Seen(#state),
        }
    }
}

/// With the named form: where it waits.
pub(super) fn inspect_named(input: &Input<'_>, name: &Ident, look: Look) -> TokenStream {
    let Look { handle, state } = look;
    let fresh = &input.layout.fresh;
    let (rt, accepted) = (&fresh.rt, &fresh.accepted);
    let silence = silence();
    quote! {
        impl ::handroll_rt::Inspect for #name {
            fn state(&self) -> ::handroll_rt::State<'_> {
                use ::handroll_rt as #rt;
                let #accepted = #rt::Accepted::<()>::assumed();
                #silence
                let state = #rt::see(self, move |#handle| #state);
                state
            }
        }
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&::handroll_rt::Inspect::state(self), f)
            }
        }
    }
}

/// What the original is called with, in a branch that never runs.
#[derive(Clone, Copy)]
enum Arguments {
    /// The lowered function's own parameters, with their lifetimes.
    Own,
    /// Whatever fits.
    Any,
}

/// Where the original stands.
enum Place {
    /// In the branch: a function with all that it mentions.
    Inside,
    /// Beside the lowered method, under another name: it mentions `self`, `Self` or the block's generics.
    Beside,
    /// In the branch, as an `async` block: nothing else can stand beside it.
    Block,
}

fn place(item: &Item<'_>) -> Place {
    let method = item.sig.receiver().is_some()
        || says_self(item.sig.to_token_stream())
        || says_self(item.block.to_token_stream());
    if item.in_trait {
        Place::Block
    } else if method || item.self_ty.is_some() {
        Place::Beside
    } else if may_mention_outer(item.sig) {
        Place::Block
    } else {
        Place::Inside
    }
}

fn says_self(tokens: TokenStream) -> bool {
    has_ident(&tokens, &format_ident!("Self"))
}

/// Whether a function that may stand in an `impl` block, of which the attribute sees nothing, seems to mention its generics.
fn may_mention_outer(sig: &syn::Signature) -> bool {
    let own = |ident: &Ident| {
        sig.generics.params.iter().any(|param| match param {
            GenericParam::Type(ty) => ty.ident == *ident,
            GenericParam::Const(constant) => constant.ident == *ident,
            GenericParam::Lifetime(_) => false,
        })
    };
    let generic = |ident: &Ident| {
        let name = ident.to_string();
        name.len() <= 2
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    super::any_token(
        &sig.to_token_stream(),
        &mut |tree| matches!(tree, TokenTree::Ident(ident) if generic(ident) && !own(ident)),
    )
}

/// The original as an item beside the function, if it is one, and what checks it.
fn original(input: &Input<'_>, body: &Body, given: Arguments) -> (TokenStream, TokenStream) {
    let Input { item, layout, .. } = input;
    let arguments: Vec<TokenStream> = item
        .sig
        .inputs
        .iter()
        .zip(&body.params)
        .map(|(param, local)| match param {
            FnArg::Receiver(_) if !input.signature.renames_self() => quote!(self),
            _ => layout.name(*local).to_token_stream(),
        })
        .collect();
    let output = output(item.sig);
    let block = async_block(item, &arguments, &output);
    let returned = match input.signature.returned() {
        // Inside of the step it is whatever that gives.
        Some(named) if super::has_impl(named) => quote!(()),
        Some(named) => named.to_token_stream(),
        None => output.clone(),
    };
    checked(item, &layout.fresh, &arguments, given, (&block, &returned))
}

/// The same, where the parameters are called `arguments`, from an `async` block with the original in it, and what the machine returns.
fn checked(
    item: &Item<'_>,
    fresh: &Fresh,
    arguments: &[TokenStream],
    given: Arguments,
    (async_block, returned): (&TokenStream, &TokenStream),
) -> (TokenStream, TokenStream) {
    let (native, accepted) = (&fresh.as_written, &fresh.accepted);
    let Item { sig, block, .. } = item;
    let attrs = item.attrs.iter().filter(|attr| is_lint(attr)).map(outer);
    let attrs: Vec<syn::Attribute> = attrs.collect();
    let output = output(sig);
    let place = place(item);
    // A block is checked with the function that it stands in, so what it has of errors, that function has too. And of a function that
    // may await itself, the compiler does not know yet what it sends.
    let judged = if matches!(place, Place::Block) || item.recursive {
        quote!(::handroll_rt::accepted!(#native, #returned, unasked))
    } else {
        quote!(::handroll_rt::accepted!(#native, #returned))
    };
    if matches!(place, Place::Block) {
        let check = quote! {
            #(#attrs)*
            if false {
                ::handroll_rt::stands_for_block::<#output, _>(#native, #async_block);
                loop {}
            }
            let #accepted = #judged;
        };
        return (TokenStream::new(), check);
    }
    let generics: Vec<&Ident> = sig
        .generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(ty) => Some(&ty.ident),
            GenericParam::Const(constant) => Some(&constant.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    // The compiler looks closely at a type that is not settled; a generic function's never is.
    let settled = generics.is_empty()
        && !sig
            .inputs
            .iter()
            .any(|input| matches!(input, FnArg::Typed(typed) if super::has_impl(&typed.ty)));
    let call = |function: TokenStream, arguments: &[TokenStream]| {
        let call = quote!(#function(#(#arguments),*));
        let call = if matches!(sig.safety, syn::Safety::Unsafe(_)) {
            quote!(unsafe { #call })
        } else {
            call
        };
        quote! {
            if false {
                ::handroll_rt::stands_for(#native, #call);
                loop {}
            }
        }
    };
    let anything: Vec<TokenStream> = arguments
        .iter()
        .map(|_| quote!(::handroll_rt::any()))
        .collect();
    let mut written = (*sig).clone();
    let unused = settled.then(|| quote!(#[allow(clippy::extra_unused_type_parameters)]));
    if settled {
        let any = &fresh.any;
        written.generics.params.push(syn::parse_quote!(#any));
    }
    let (beside, within, function) = match place {
        Place::Inside => {
            // In its body, the function's name means the lowered one; a parameter of that name would be hidden by it.
            if has_ident(&block.to_token_stream(), &sig.ident)
                || has_ident(&sig.inputs.to_token_stream(), &sig.ident)
            {
                written.ident = format_ident!("{}_fn", native, span = sig.ident.span());
            }
            let function = quote!(#(#attrs)* #unused #written #block);
            (
                TokenStream::new(),
                function,
                written.ident.to_token_stream(),
            )
        }
        _ => {
            written.ident = Ident::new(&native.to_string(), sig.ident.span());
            let beside = quote! {
                #[doc(hidden)]
                #(#attrs)*
                #unused
                #written #block
            };
            (beside, TokenStream::new(), quote!(Self::#native))
        }
    };
    let function = |generic: TokenStream| {
        if settled {
            quote!(#function::<#generic>)
        } else if generics.is_empty() {
            function.clone()
        } else {
            quote!(#function::<#(#generics),*>)
        }
    };
    let given = match given {
        Arguments::Own => arguments,
        Arguments::Any => &anything,
    };
    let first = call(function(quote!(_)), given);
    let settle = settled.then(|| call(function(quote!(())), &anything));
    // In a block of its own: what else mentions the function's name means the lowered one.
    let check = quote! {
        let #accepted = {
            #within
            #first
            let #accepted = #judged;
            #settle
            #accepted
        };
    };
    (beside, check)
}

/// What the function returns, as far as it can be said.
fn output(sig: &syn::Signature) -> TokenStream {
    match &sig.output {
        syn::ReturnType::Default => quote!(()),
        syn::ReturnType::Type(_, ty) if super::has_impl(ty) => quote!(_),
        syn::ReturnType::Type(_, ty) if matches!(**ty, syn::Type::Never(_)) => {
            quote!(::handroll_rt::Never)
        }
        syn::ReturnType::Type(_, ty) => ty.to_token_stream(),
    }
}

/// `async move { let pattern = argument; .. body .. }`, which begins with a `return` that fixes its type.
fn async_block(item: &Item<'_>, arguments: &[TokenStream], output: &TokenStream) -> TokenStream {
    let Item { sig, block, .. } = item;
    // `self` cannot be bound, and means the function's own here.
    let patterns = sig
        .inputs
        .iter()
        .zip(arguments)
        .filter_map(|(input, argument)| match input {
            FnArg::Receiver(_) => None,
            FnArg::Typed(typed) => {
                let pat = &typed.pat;
                Some(quote!(let #pat = #argument;))
            }
        });
    let returned = Ident::new("returned", Span::mixed_site());
    quote! {
        async move {
            if let ::core::option::Option::Some(#returned) = ::core::option::Option::None::<#output> {
                return #returned;
            }
            #(#patterns)*
            #block
        }
    }
}

/// The place of a pinned local. All of it stands at the local's own tokens, as the local itself does in the original.
fn at_user(local: &TokenStream, rt: &Ident, accepted: &Ident) -> TokenStream {
    let span = local
        .clone()
        .into_iter()
        .last()
        .map_or_else(Span::call_site, |tree| tree.span());
    let rt = Ident::new(&rt.to_string(), span);
    let accepted = Ident::new(&accepted.to_string(), span);
    quote_spanned!(span=> #rt::at_accepted!(#accepted, #local))
}

/// Lets the machine's code return, await and try through the [`accepted`](crate::layout::Fresh::accepted) original.
fn through(tokens: TokenStream, rt: &Ident, accepted: &Ident) -> TokenStream {
    let trees = tokens.into_iter().collect();
    let (trees, _) = changed(trees, &rt.to_string(), rt, accepted);
    trees.into_iter().collect()
}

/// The same, and whether it differs. Every token that a macro takes out of a stream, or puts into one, is a call into the compiler, so
/// what stays as it is stays whole.
fn changed(
    trees: Vec<TokenTree>,
    rt_name: &str,
    rt: &Ident,
    accepted: &Ident,
) -> (Vec<TokenTree>, bool) {
    let mut out: Vec<TokenTree> = Vec::with_capacity(trees.len());
    let mut differs = false;
    let is = |at: usize, text: &str| match trees.get(at) {
        Some(TokenTree::Ident(ident)) => crate::names::with_text(ident, |name| name == text),
        Some(TokenTree::Punct(punct)) => text.len() == 1 && text.starts_with(punct.as_char()),
        _ => false,
    };
    let sequence =
        |at: usize, parts: &[&str]| parts.iter().enumerate().all(|(i, part)| is(at + i, part));
    let mut at = 0;
    while at < trees.len() {
        // The punctuation first: it is cheaper to look at than a name.
        if !(is(at + 2, ":") && is(at + 1, ":") && is(at, rt_name)) {
            out.push(match &trees[at] {
                TokenTree::Group(group) => {
                    let inner = group.stream().into_iter().collect();
                    match changed(inner, rt_name, rt, accepted) {
                        (inner, true) => {
                            differs = true;
                            let mut inner =
                                Group::new(group.delimiter(), inner.into_iter().collect());
                            inner.set_span(group.span());
                            inner.into()
                        }
                        (_, false) => group.clone().into(),
                    }
                }
                tree => tree.clone(),
            });
            at += 1;
            continue;
        }
        let binds = at > 0 && is(at - 1, "let");
        let method = if binds {
            None
        } else if is(at + 3, "Ready") {
            Some(("ready", 4))
        } else if sequence(at + 3, &["Child", ":", ":", "new"]) {
            Some(("child", 7))
        } else if is(at + 3, "wait") {
            Some(("wait", 4))
        } else if is(at + 3, "take") {
            Some(("take", 4))
        } else {
            None
        };
        if let Some((method, length)) = method {
            let method = Ident::new(method, Span::call_site());
            out.extend(quote!(#accepted.#method));
            differs = true;
            at += length;
            continue;
        }
        if is(at + 4, "!")
            && let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(arguments))) =
                (trees.get(at + 3), trees.get(at + 5))
        {
            let inside = through(arguments.stream(), rt, accepted);
            let whole = match name.to_string().as_str() {
                "at" => Some(at_user(&inside, rt, accepted)),
                "tri" => Some(quote!(#rt::tri_accepted!(#accepted, #inside))),
                "poll" | "poll_field" | "done" | "done_field" | "carried" | "fill" | "flag"
                | "open" | "resume" | "kept" | "there" | "out" | "move_out" => {
                    Some(quote!(#accepted.value(#rt::#name!(#inside))))
                }
                _ => None,
            };
            if let Some(whole) = whole {
                out.extend(whole);
                differs = true;
                at += 6;
                continue;
            }
        }
        out.push(trees[at].clone());
        at += 1;
    }
    (out, differs)
}

/// What a macro writes is of the edition of the macro's own crate. Here it must be of the user's: the edition of a block and of an
/// `if let` says when temporaries drop.
fn in_edition(tokens: TokenStream, input: &Input<'_>) -> TokenStream {
    if input.item.edition >= Edition::E2024 {
        return tokens;
    }
    fn respan(tokens: TokenStream, user: Span) -> TokenStream {
        let of_user = |tree| match tree {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), respan(group.stream(), user));
                inner.set_span(match group.delimiter() {
                    Delimiter::Brace => group.span().resolved_at(user),
                    _ => group.span(),
                });
                inner.into()
            }
            TokenTree::Ident(mut word) if word == "if" => {
                word.set_span(word.span().resolved_at(user));
                word.into()
            }
            tree => tree,
        };
        tokens.into_iter().map(of_user).collect()
    }
    let tokens = super::cleanup::end_tails(tokens);
    respan(tokens, input.item.block.brace_token.span.join())
}

fn is_lint(attr: &syn::Attribute) -> bool {
    ["allow", "warn", "deny", "forbid", "expect"]
        .iter()
        .any(|level| attr.path().is_ident(level))
}

/// An attribute of a function's body says the same in front of it.
fn outer(attr: &syn::Attribute) -> syn::Attribute {
    syn::Attribute {
        style: syn::AttrStyle::Outer,
        ..attr.clone()
    }
}

/// The attributes of the lowered function. What they say of lints is for the original, but for what they allow.
fn outer_attributes(item: &Item<'_>) -> Vec<syn::Attribute> {
    item.attrs
        .iter()
        .filter(|attr| {
            !is_lint(attr) || attr.path().is_ident("allow") || attr.path().is_ident("expect")
        })
        .map(|attr| {
            let mut attr = outer(attr);
            if let syn::Meta::List(list) = &mut attr.meta
                && list.path.is_ident("expect")
            {
                list.path = syn::parse_quote!(allow);
            }
            attr
        })
        .collect()
}
