//! Holders: values of which only their types say whether an expression moves or borrows them.
//!
//! `held!` puts the value into a small `async` block, which evaluates the expression, hands its result out and waits for good. So the
//! compiler decides what is moved; what is left lives in the block until that drops, in a slot like any pinned local. The block never
//! does more than this one step, and is polled once.
//!
//! The values go in, and the result is handed out, through an address that travels in the data of the waker of that poll. Captured, the
//! values would stay in the block twice: the compiler stores a captured value beside the local that it is moved into.
//!
//! `nest!` is for values whose scopes end at different times. The values of the inner scope are in a block inside of the holder, which
//! reaches the others as a closure does: by reference, or by value where the expression moves them. What stands for the inner scope drops
//! that block alone.

use core::future::Future;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, forget};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

static VTABLE: RawWakerVTable =
    RawWakerVTable::new(|data| RawWaker::new(data, &VTABLE), |_| {}, |_| {}, |_| {});

/// What a holder gets, and what it hands out in the same place.
#[repr(C)]
union Passed<V, T> {
    values: ManuallyDrop<V>,
    result: ManuallyDrop<T>,
}

/// Where a holder's result goes.
pub struct Port<V>(*mut ManuallyDrop<V>);

// SAFETY: it exists only within one poll, on one thread; a holder is never suspended with it.
unsafe impl<V> Send for Port<V> {}
// SAFETY: as above.
unsafe impl<V> Sync for Port<V> {}

impl<V> Port<V> {
    /// Hands the result out.
    ///
    /// # Safety
    /// `T` is the output type of the holder that is being polled by [`start`].
    #[inline(always)]
    pub unsafe fn put<T>(self, result: T) {
        let result = ManuallyDrop::new(result);
        // SAFETY: `start` gave the address of such a union, of which the values were taken.
        unsafe { self.0.cast::<Passed<V, T>>().write(Passed { result }) }
    }
}

/// Gives what the present poll passes to the holder, and the port for its result, at once.
pub struct FindPort<V>(PhantomData<fn() -> V>);

impl<V> FindPort<V> {
    /// For a holder of such values.
    ///
    /// # Safety
    /// It is awaited once, first of all in a holder that is polled by [`start`] with these values.
    #[inline(always)]
    pub unsafe fn new(_: &V) -> Self {
        FindPort(PhantomData)
    }
}

impl<V> Future for FindPort<V> {
    type Output = (Port<V>, V);

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(Port<V>, V)> {
        let passed: *mut ManuallyDrop<V> = cx.waker().data().cast_mut().cast();
        // SAFETY: as promised to `new`, the waker is that of `start`, with values that nobody took before.
        let values = unsafe { ManuallyDrop::take(&mut *passed) };
        Poll::Ready((Port(passed), values))
    }
}

/// Waits for good.
pub struct Park;

impl Future for Park {
    type Output = ();

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// Polls a holder for the only time, and gives what it hands out.
///
/// # Safety
/// The holder was made by [`held!`](crate::held) for these values, was not polled before, and stays where it is until it drops.
#[inline(always)]
pub unsafe fn start<L: Future, V>(holder: &mut L, values: V) -> L::Output {
    let mut passed = Passed::<V, L::Output> {
        values: ManuallyDrop::new(values),
    };
    let raw = RawWaker::new((&raw mut passed).cast_const().cast(), &VTABLE);
    // SAFETY: the table's functions do nothing, so they keep every contract.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
    // SAFETY: the caller keeps the holder in place.
    let poll = unsafe { Pin::new_unchecked(holder) }.poll(&mut Context::from_waker(&waker));
    forget(poll);
    // SAFETY: a holder's only poll takes the values, and puts its result before it waits.
    unsafe { ManuallyDrop::into_inner(passed.result) }
}

/// Which arm of a `match` is taken, and what its pattern binds: the patterns look at a value in its holder.
#[derive(Clone, Copy, Debug)]
pub enum Arm<T, U> {
    /// The first one.
    This(T),
    /// One behind it.
    Other(U),
}

/// What a holder has of an inner scope. It does not drop it: [`Rest`] does.
pub struct Nest<L, O> {
    inner: ManuallyDrop<L>,
    of: PhantomData<O>,
}

// SAFETY: once it waits, all that the block has and still uses are the values that it owns, of the types `O`. What it captured by
// reference it has used, and of what it captured by value nothing is left.
unsafe impl<L, O: Send> Send for Nest<L, O> {}
// SAFETY: as above.
unsafe impl<L, O: Sync> Sync for Nest<L, O> {}
impl<L, O: UnwindSafe> UnwindSafe for Nest<L, O> {}
impl<L, O: RefUnwindSafe> RefUnwindSafe for Nest<L, O> {}

/// The type of the values that a [`Nest`] owns.
pub struct Of<T>(PhantomData<T>);

impl<T> Of<T> {
    /// The type of this value.
    #[inline(always)]
    pub fn value(_: &T) -> Self {
        Of(PhantomData)
    }
}

impl<L: Future, O> Nest<L, O> {
    /// Not started.
    #[inline(always)]
    pub fn new(inner: L, _: O) -> Self {
        Nest {
            inner: ManuallyDrop::new(inner),
            of: PhantomData,
        }
    }

    /// Polls the block for the only time. Gives what it hands out, and what drops it.
    ///
    /// # Safety
    /// The block was made for these values. It is a part of a pinned holder, was not started before, and stays in place until the rest drops, which it outlives.
    #[inline(always)]
    pub unsafe fn start<V>(&mut self, values: V) -> (L::Output, Rest) {
        unsafe fn end<L>(inner: *mut ()) {
            // SAFETY: the rest drops once, while the holder is in place.
            unsafe { ptr::drop_in_place(inner.cast::<L>()) }
        }
        let inner: *mut L = &raw mut *self.inner;
        // If it panics, all that it has drops while that unwinds.
        // SAFETY: the caller keeps the block in place.
        let output = unsafe { start(&mut *inner, values) };
        let rest = Rest {
            inner: inner.cast(),
            end: end::<L>,
        };
        (output, rest)
    }

    /// The block is in place until here.
    #[inline(always)]
    pub fn stays(&mut self) {}
}

/// What is left of the values of an inner scope, inside of a holder: dropped there when this drops.
pub struct Rest {
    inner: *mut (),
    end: unsafe fn(*mut ()),
}

// SAFETY: what it points to is in the same frame, as a part of a holder whose type says whether it may be sent.
unsafe impl Send for Rest {}
// SAFETY: as above.
unsafe impl Sync for Rest {}

impl Drop for Rest {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: whoever made it promised that the block is in place.
        unsafe { (self.end)(self.inner) }
    }
}

/// Evaluates an expression that moves or borrows its first operand, and keeps what is left of that:
/// `held!(conn_held = frame.conn_held, [], [conn = conn], conn.finish())`.
///
/// The names alone are pinned locals that would drop before the operand if the expression panicked.
///
/// Contract of the emitted code: the slot is empty, and lies inside a pinned frame.
#[macro_export]
macro_rules! held {
    (inside $guard:ident = $slot:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),+ $(,)?], $call:expr $(,)?) => {
        $crate::held!(@ $guard, |holder| match holder {
            // SAFETY: the guard is there, and has no value yet.
            holder => unsafe { $crate::Inside::put(&$guard, holder) },
        }, [$($later),*], [$($name = $value),+], $call)
    };
    (put $guard:ident = $slot:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),+ $(,)?], $call:expr $(,)?) => {
        $crate::held!(@ $guard, |holder| $crate::put!($guard, holder), [$($later),*], [$($name = $value),+], $call)
    };
    ($guard:ident = $slot:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),+ $(,)?], $call:expr $(,)?) => {
        $crate::held!(@ $guard, |holder| $guard = $crate::fill!($slot, holder), [$($later),*], [$($name = $value),+], $call)
    };
    // No block around this: what is left of a temporary of the values drops at the end of the statement, when what this gives has its
    // place. In a block of its own it would drop before, and a panic there would lose what this gives.
    (@ $guard:ident, |$holder:ident| $fill:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),+ $(,)?], $call:expr $(,)?) => {
        // Evaluating the values may give one of the locals its value.
        match (($($value,)+), ($($crate::Later::new(&$later),)*)) {
            #[allow(unused_mut, unreachable_code, unreachable_patterns, clippy::diverging_sub_expression, clippy::redundant_locals)]
            values => {
                // SAFETY: the holder is started with the values.
                let find = unsafe { $crate::FindPort::new(&values) };
                let $holder = async move {
                    let (port, (($(mut $name,)+), later)) = find.await;
                    let result = {
                        let ($($later,)*) = later;
                        let result = $call;
                        $($crate::Later::done($later);)*
                        result
                    };
                    // SAFETY: this is the holder's output type, as the `return` below says.
                    unsafe { port.put(result) };
                    if false {
                        // What follows an endless loop is typed but never built, so it fixes the output's type and no lifetime.
                        loop {}
                        return result;
                    }
                    $crate::Park.await;
                    loop {}
                };
                $fill;
                // SAFETY: just made, in a slot of a pinned frame.
                unsafe { $crate::start($crate::Guard::place(&$guard), values) }
            }
        }
    };
}

/// Evaluates a whole expression inside of a holder, which owns the values that have names: only types say whether it moves or borrows them.
/// Other locals that it mentions are pinned, and are reached through their guards:
/// `hold!(key_held = frame.key_held, [], [key = key, name = pointer!(name)], send(key.into(), &at!(name)))`.
///
/// The names alone are pinned locals that would drop before the first of the values if the expression panicked, the last declared
/// first.
///
/// Contract of the emitted code: the slot is empty, and lies inside a pinned frame; evaluating the values runs no code.
#[macro_export]
macro_rules! hold {
    (put $guard:ident = $slot:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),+ $(,)?], $call:expr $(,)?) => {
        $crate::hold!(@ $guard, |holder| $crate::put!($guard, holder), [$($later),*], [$($name = $value),+], $call)
    };
    ($guard:ident = $slot:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),+ $(,)?], $call:expr $(,)?) => {
        $crate::hold!(@ $guard, |holder| $guard = $crate::fill!($slot, holder), [$($later),*], [$($name = $value),+], $call)
    };
    (@ $guard:ident, |$holder:ident| $fill:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),+ $(,)?], $call:expr $(,)?) => {{
        #[allow(unused_mut, unreachable_code, unreachable_patterns, clippy::diverging_sub_expression, clippy::redundant_locals)]
        match (($($crate::Later::new(&$later),)*), ($($value,)+)) {
            values => {
                // SAFETY: as in `held!`.
                let find = unsafe { $crate::FindPort::new(&values) };
                let $holder = async move {
                    let (port, (later, ($(mut $name,)+))) = find.await;
                    let result = {
                        let later = later;
                        let result = $call;
                        $crate::keep(later);
                        result
                    };
                    // SAFETY: this is the holder's output type, as the `return` below says.
                    unsafe { port.put(result) };
                    if false {
                        // As in `held!`.
                        loop {}
                        return result;
                    }
                    $crate::Park.await;
                    loop {}
                };
                $fill;
                // SAFETY: just made, in a slot of a pinned frame.
                unsafe { $crate::start($crate::Guard::place(&$guard), values) }
            }
        }
    }};
}

/// Evaluates an expression in a holder, which keeps the temporaries that it leaves: only types or an expansion say which these are.
/// `linger!(temps = frame.temps, [], [name = pointer!(name)], find(doc! { "name": at!(name) }))`.
///
/// The names alone are pinned locals that would drop before the temporaries if the expression panicked, the last declared first.
///
/// Contract of the emitted code: the slot is empty, and lies inside a pinned frame; evaluating the values runs no code.
#[macro_export]
macro_rules! linger {
    (put $guard:ident = $slot:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),* $(,)?], $call:expr $(,)?) => {
        $crate::linger!(@ $guard, |holder| $crate::put!($guard, holder), [$($later),*], [$($name = $value),*], $call)
    };
    ($guard:ident = $slot:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),* $(,)?], $call:expr $(,)?) => {
        $crate::linger!(@ $guard, |holder| $guard = $crate::fill!($slot, holder), [$($later),*], [$($name = $value),*], $call)
    };
    (@ $guard:ident, |$holder:ident| $fill:expr, [$($later:ident),* $(,)?], [$($name:ident = $value:expr),* $(,)?], $call:expr $(,)?) => {{
        #[allow(unused_mut, unreachable_code, unreachable_patterns, clippy::diverging_sub_expression, clippy::redundant_locals)]
        match (($($crate::Later::new(&$later),)*), ($($value,)*)) {
            values => {
                // SAFETY: as in `held!`.
                let find = unsafe { $crate::FindPort::new(&values) };
                let $holder = async move {
                    let (port, (later, ($(mut $name,)*))) = find.await;
                    // What it leaves lives as long as the `match`, which does not end. An operand drops before that.
                    match (later, $call) {
                        (later, result) => {
                            $crate::keep(later);
                            // SAFETY: this is the holder's output type, as the `return` below says.
                            unsafe { port.put(result) };
                            if false {
                                // As in `held!`.
                                loop {}
                                return result;
                            }
                            $crate::Park.await;
                            loop {}
                        }
                    }
                };
                $fill;
                // SAFETY: just made, in a slot of a pinned frame.
                unsafe { $crate::start($crate::Guard::place(&$guard), values) }
            }
        }
    }};
}

/// A pinned local that an expression in a holder moves away: `name = inside!(name)`.
#[macro_export]
macro_rules! inside {
    ($guard:expr $(,)?) => {
        $crate::Inside::new(&$guard)
    };
}

/// Moves a pinned local away inside of a holder: `moved!(name)`.
///
/// Contract of the emitted code: the original function moves the value here, so it has one.
#[macro_export]
macro_rules! moved {
    ($inside:expr $(,)?) => {
        // SAFETY: the guard is there, and so is a value: the original function moves it here.
        match unsafe { $crate::Inside::out(&$inside) } {
            value => value,
        }
    };
}

/// Evaluates an expression inside of a holder that owns values of two scopes; the second list has those of the inner one. In between
/// stands what is left of the inner ones, and has a name of its own:
/// `nest!(url_held = frame.url_held, temp_held = frame.temp_held, [], [], [url = url], [temp = temp], temp.connect(url.text()))`.
///
/// The names alone are pinned locals that would drop before the first values, and before the second ones, if the expression
/// panicked, the last declared first.
///
/// Contract of the emitted code: as for [`hold!`]. The expression has no branches, and uses each of the first values as a whole.
#[macro_export]
macro_rules! nest {
    (put $guard:ident = $slot:expr, put $rest:ident = $place:expr, $($more:tt)+) => {
        $crate::nest!(@ $guard, |holder| $crate::put!($guard, holder), |left| $crate::put!($rest, left), $($more)+)
    };
    (put $guard:ident = $slot:expr, $rest:ident = $place:expr, $($more:tt)+) => {
        $crate::nest!(@ $guard, |holder| $crate::put!($guard, holder), |left| $rest = $crate::fill!($place, left), $($more)+)
    };
    ($guard:ident = $slot:expr, put $rest:ident = $place:expr, $($more:tt)+) => {
        $crate::nest!(@ $guard, |holder| $guard = $crate::fill!($slot, holder), |left| $crate::put!($rest, left), $($more)+)
    };
    ($guard:ident = $slot:expr, $rest:ident = $place:expr, $($more:tt)+) => {
        $crate::nest!(@ $guard, |holder| $guard = $crate::fill!($slot, holder), |left| $rest = $crate::fill!($place, left), $($more)+)
    };
    (
        @ $guard:ident, |$holder:ident| $fill:expr, |$left:ident| $fill_rest:expr,
        [$($between:ident),* $(,)?], [$($later:ident),* $(,)?], [$($name:ident = $value:expr),+ $(,)?], [$($own:ident = $inner:expr),+ $(,)?], $call:expr $(,)?
    ) => {{
        #[allow(unused_mut, unreachable_code, unreachable_patterns, clippy::diverging_sub_expression, clippy::redundant_locals)]
        match (($($crate::Later::new(&$between),)*), ($($crate::Later::new(&$later),)*), ($($value,)+), ($($inner,)+)) {
            values => {
                // SAFETY: as in `held!`.
                let find = unsafe { $crate::FindPort::new(&values) };
                let $holder = async move {
                    let (port, (between, later, ($(mut $name,)+), own)) = find.await;
                    let of = $crate::Of::value(&own);
                    let values = (between, later, own);
                    // SAFETY: the block is started with the values.
                    let find = unsafe { $crate::FindPort::new(&values) };
                    let inner = async {
                        let (port, (between, later, ($(mut $own,)+))) = find.await;
                        let result = {
                            let later = later;
                            let result = $call;
                            $crate::keep(later);
                            result
                        };
                        $crate::keep(between);
                        // SAFETY: this is the block's output type, as the `return` below says.
                        unsafe { port.put(result) };
                        if false {
                            // As in `held!`.
                            loop {}
                            return result;
                        }
                        $crate::Park.await;
                        loop {}
                    };
                    let mut nest = $crate::Nest::new(inner, of);
                    // SAFETY: a part of the holder, which is pinned while it runs and until it drops, after the rest.
                    let result = unsafe { nest.start(values) };
                    // SAFETY: this is the holder's output type, as the `return` below says.
                    unsafe { port.put(result) };
                    if false {
                        // As in `held!`.
                        loop {}
                        return result;
                    }
                    $crate::Park.await;
                    nest.stays();
                    loop {}
                };
                $fill;
                // SAFETY: just made, in a slot of a pinned frame.
                let (result, $left) = unsafe { $crate::start($crate::Guard::place(&$guard), values) };
                $fill_rest;
                result
            }
        }
    }};
}

// An expression that is begun, and waits for its operands.

/// The operands of an expression that was begun, inside of it: they and the result have one place.
pub struct Given<A>(*mut ManuallyDrop<A>);

impl<A> Clone for Given<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Given<A> {}

// SAFETY: the address is used within the one poll that gives it.
unsafe impl<A> Send for Given<A> {}
// SAFETY: as above.
unsafe impl<A> Sync for Given<A> {}

impl<A> Given<A> {
    /// Where they are.
    #[inline(always)]
    pub fn operands(self) -> *const A {
        self.0.cast_const().cast()
    }

    /// Hands the result out.
    ///
    /// # Safety
    /// The operands were taken, and `R` is the type of result that [`Resume::give`] has room for.
    #[inline(always)]
    pub unsafe fn put<R>(self, result: R) {
        let result = ManuallyDrop::new(result);
        // SAFETY: `give` gave the address of such a union, of which nothing else is used any more.
        unsafe { self.0.cast::<Passed<A, R>>().write(Passed { result }) }
    }

    /// Says of which types operands and result are.
    pub fn tie<R>(self, _: R) -> Step<A, R> {
        Step(PhantomData)
    }
}

/// Waits for the operands.
pub struct Wait<A>(PhantomData<fn() -> A>);

impl<A> Wait<A> {
    /// For an expression with such operands.
    ///
    /// # Safety
    /// It is awaited once, in an expression that [`begin`] polls first and [`Resume::give`] polls next, with such operands.
    #[inline(always)]
    pub unsafe fn new() -> Self {
        Wait(PhantomData)
    }
}

impl<A> Future for Wait<A> {
    type Output = Given<A>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Given<A>> {
        // The data of the waker is what `give` passes; `begin` passes nothing.
        let passed: *const () = cx.waker().data();
        if passed.is_null() {
            return Poll::Pending;
        }
        Poll::Ready(Given(passed.cast_mut().cast()))
    }
}

/// The types of an expression's operands and of its result.
pub struct Step<A, R>(PhantomData<fn() -> (A, R)>);

/// Polls an expression for the first time, up to its operands.
///
/// # Safety
/// It was made by [`begin!`](crate::begin!), was not polled before, and stays where it is until it drops.
#[inline(always)]
pub unsafe fn begin<L: Future>(holder: &mut L) {
    let raw = RawWaker::new(ptr::null(), &VTABLE);
    // SAFETY: the table's functions do nothing, so they keep every contract.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
    // SAFETY: the caller keeps it in place.
    let poll = unsafe { Pin::new_unchecked(holder) }.poll(&mut Context::from_waker(&waker));
    forget(poll);
}

/// An expression that waits for its operands.
pub struct Resume<L, A, R>(*mut L, PhantomData<fn() -> (A, R)>);

/// An expression, to be given its operands.
///
/// # Safety
/// It was begun, was not given its operands yet, and stays where it is until it drops.
#[inline(always)]
pub unsafe fn resume<L: Future<Output = Step<A, R>>, A, R>(holder: &mut L) -> Resume<L, A, R> {
    Resume(holder, PhantomData)
}

impl<L: Future<Output = Step<A, R>>, A, R> Resume<L, A, R> {
    /// Goes on with these operands, and gives the result.
    #[inline(always)]
    pub fn give(self, operands: A) -> R {
        let mut passed = Passed::<A, R> {
            values: ManuallyDrop::new(operands),
        };
        let raw = RawWaker::new((&raw mut passed).cast_const().cast(), &VTABLE);
        // SAFETY: the table's functions do nothing, so they keep every contract.
        let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
        // SAFETY: as promised to `resume`.
        let holder = unsafe { Pin::new_unchecked(&mut *self.0) };
        let _: Poll<Step<A, R>> = holder.poll(&mut Context::from_waker(&waker));
        // SAFETY: with its operands, the expression puts its result before it waits for good.
        unsafe { ManuallyDrop::into_inner(passed.result) }
    }
}

/// Begins an expression of which only types say what is evaluated before its awaited operands, as the receiver of a call: a holder
/// evaluates it up to there, and waits for the operands.
/// `let receiver = begin!(fill frame.receiver, [list = pointer!(list)], |given: (_,)| at!(list).push(first!(given.0)));`
///
/// Contract of the emitted code: the slot is empty, and lies inside a pinned frame; evaluating the values runs no code, and they are
/// there until [`finish!`](crate::finish!).
#[macro_export]
macro_rules! begin {
    ($fill:ident $slot:expr, [$($name:ident = $value:expr),* $(,)?], |$given:ident: $operands:ty| $call:expr $(,)?) => {{
        #[allow(unused_mut, unreachable_code, unreachable_patterns, clippy::diverging_sub_expression, clippy::redundant_locals)]
        match ($($value,)*) {
            ($(mut $name,)*) => {
                let guard = $crate::$fill!($slot, async move {
                    let $given: $crate::Given<$operands>;
                    match $call {
                        result => {
                            // SAFETY: this is the output type that `finish!` has room for, as the `return` below says.
                            unsafe { $given.put(result) };
                            if false {
                                // As in `held!`.
                                loop {}
                                return $given.tie(result);
                            }
                            $crate::Park.await;
                            loop {}
                        }
                    }
                });
                // SAFETY: just made, in a slot of a pinned frame.
                unsafe { $crate::begin($crate::Guard::place(&guard)) };
                guard
            }
        }
    }};
}

/// The first operand of an expression that [`begin!`](crate::begin!) began: it waits for all of them.
///
/// Contract of the emitted code: it is evaluated once, and before those of [`given!`](crate::given!).
#[macro_export]
macro_rules! first {
    ($given:ident.$field:tt $(,)?) => {{
        // SAFETY: awaited once, in the expression of a `begin!`; `finish!` gives it its operands.
        $given = unsafe { $crate::Wait::new() }.await;
        $crate::given!($given.$field)
    }};
}

/// Another operand of an expression that [`begin!`](crate::begin!) began.
///
/// Contract of the emitted code: each is taken once, after [`first!`](crate::first!).
#[macro_export]
macro_rules! given {
    ($given:ident.$field:tt $(,)?) => {
        // SAFETY: the operands have arrived, and this one was not taken before.
        unsafe { ::core::ptr::read(&raw const (*$given.operands()).$field) }
    };
}

/// Goes on with an expression that [`begin!`](crate::begin!) began, and gives its value: `finish!(receiver, (item,))`.
///
/// Contract of the emitted code: it was begun, and not gone on with before.
#[macro_export]
macro_rules! finish {
    ($guard:ident, $operands:expr $(,)?) => {
        // SAFETY: it lies in a slot of a pinned frame.
        unsafe { $crate::resume($crate::Guard::place(&$guard)) }.give($operands)
    };
}
