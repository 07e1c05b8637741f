//! Small functions that stand for pieces of syntax: calls by path, so that no method of the user's is meant instead.

use core::marker::PhantomData;

/// The value itself, as a temporary: it drops where the value of the `.await` that it stands for would.
#[inline(always)]
pub fn value<T>(value: T) -> T {
    value
}

/// The iterator of a `for` loop.
#[inline(always)]
pub fn into_iter<I: IntoIterator>(iterable: I) -> I::IntoIter {
    iterable.into_iter()
}

/// The next item of a `for` loop.
#[inline(always)]
pub fn next<I: Iterator>(iter: &mut I) -> Option<I::Item> {
    iter.next()
}

/// The type of a local that the machine's code has in several places: see [`alike!`](crate::alike).
#[derive(Debug)]
pub struct Alike<T>(PhantomData<fn() -> T>);

impl<T> Alike<T> {
    /// A type to be inferred.
    #[inline(always)]
    pub const fn unknown() -> Self {
        Alike(PhantomData)
    }

    /// Says that this is the type of a value.
    #[inline(always)]
    pub const fn is(&self, _: &T) {}
}

/// A bound that every type meets: it makes a returned `impl Trait` capture the lifetimes of `T`, as an `async fn` does.
pub trait Captures<T: ?Sized> {}

impl<T: ?Sized, U: ?Sized> Captures<T> for U {}

/// A shared reference with another lifetime.
///
/// # Safety
/// What holds it does not outlive the reference's own lifetime.
#[inline(always)]
pub unsafe fn lengthen<'b, T: ?Sized>(reference: &T) -> &'b T {
    // SAFETY: the caller keeps to the reference's own lifetime.
    unsafe { &*core::ptr::from_ref(reference) }
}

/// An exclusive reference with another lifetime.
///
/// # Safety
/// What holds it does not outlive the reference's own lifetime.
#[inline(always)]
pub unsafe fn lengthen_mut<'b, T: ?Sized>(reference: &mut T) -> &'b mut T {
    // SAFETY: the caller keeps to the reference's own lifetime.
    unsafe { &mut *core::ptr::from_mut(reference) }
}

/// What a pattern bound: see [`bound!`](crate::bound).
#[derive(Debug)]
pub struct Bound<T>(pub T);

impl<T: ?Sized> Bound<&mut T> {
    /// The reference, with a lifetime of its own.
    ///
    /// # Safety
    /// What holds it does not outlive the reference's own lifetime.
    #[inline(always)]
    pub unsafe fn value<'b>(self) -> &'b mut T {
        // SAFETY: the caller keeps to the reference's own lifetime.
        unsafe { lengthen_mut(self.0) }
    }
}

/// What is not a `&mut T` stays as it is. The method of the type itself comes before this one.
pub trait BoundValue {
    /// The type.
    type Value;

    /// The value.
    ///
    /// # Safety
    /// None is needed: the two methods are called alike.
    unsafe fn value(self) -> Self::Value;
}

impl<T> BoundValue for Bound<T> {
    type Value = T;

    #[inline(always)]
    unsafe fn value(self) -> T {
        self.0
    }
}

/// What a function pointer's function gives back: the way to name `!` on stable Rust.
pub trait Returns {
    /// The type.
    type Type;
}

impl<T> Returns for fn() -> T {
    type Type = T;
}

/// The type `!`.
pub type Never = <fn() -> ! as Returns>::Type;
