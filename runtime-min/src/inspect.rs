//! Where a future waits.

use core::fmt;

/// A state of a lowered function: what the source says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The function's name.
    pub function: &'static str,
    /// The state's name: `Start`, what is awaited, `Returned` or `Panicked`.
    pub state: &'static str,
    /// The source file, as `file!()` gives it.
    pub file: &'static str,
    /// The line of the `.await`; of the function where it does not wait.
    pub line: u32,
    /// The awaited expression, as it was written; empty where it does not wait.
    pub awaited: &'static str,
}

/// `fetch::Read at src/net.rs:12: socket.read(&mut buf).await`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            function,
            state,
            file,
            line,
            awaited,
        } = self;
        write!(f, "{function}::{state} at {file}:{line}")?;
        if awaited.is_empty() {
            return Ok(());
        }
        write!(f, ": {awaited}")
    }
}

/// Where a future waits, and where the future waits that it waits on, and so on: see [`Inspect::state`].
#[derive(Clone, Copy)]
pub struct State<'f> {
    place: &'static Place,
    inner: Option<&'f dyn Inspect>,
}

impl<'f> State<'f> {
    /// A state in which nothing is awaited; for lowered code.
    pub fn at(place: &'static Place) -> Self {
        State { place, inner: None }
    }

    /// A state in which a future is awaited that may know more; for lowered code.
    pub fn waiting(place: &'static Place, inner: Option<&'f dyn Inspect>) -> Self {
        State { place, inner }
    }

    /// What the source says about this state.
    pub fn place(&self) -> &'static Place {
        self.place
    }

    /// The state's name: `Start` before the first poll, what is awaited, `Returned` or `Panicked`.
    pub fn name(&self) -> &'static str {
        self.place.state
    }

    /// The state of the awaited future, where that is a lowered function's too.
    pub fn inner(&self) -> Option<State<'f>> {
        self.inner.map(Inspect::state)
    }

    /// This state and those inside of it, outermost first.
    pub fn stack(self) -> impl Iterator<Item = State<'f>> {
        core::iter::successors(Some(self), State::inner)
    }
}

/// One line for each function of the stack, outermost first.
impl fmt::Display for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, state) in self.stack().enumerate() {
            if depth > 0 {
                write!(f, "\n{:1$}", "", 2 * depth)?;
            }
            fmt::Display::fmt(state.place, f)?;
        }
        Ok(())
    }
}

/// The states of the stack, outermost first: `fetch::Read at src/net.rs:12: socket.read(&mut buf).await > ..`.
impl fmt::Debug for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        for (depth, state) in self.stack().enumerate() {
            if depth > 0 {
                f.write_str(" > ")?;
            }
            fmt::Display::fmt(state.place, f)?;
        }
        Ok(())
    }
}

/// A future that says where it waits. What `#[lower]` makes implements it, and prints its [`state`](Inspect::state) as [`Debug`](fmt::Debug).
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use handroll_rt::{lower, Inspect};
/// use core::future::pending;
///
/// #[lower]
/// async fn inner() {
///     pending::<()>().await;
/// }
///
/// #[lower]
/// async fn outer(tag: u8) -> u8 {
///     inner().await;
///     tag
/// }
///
/// # use core::task::{Context, Waker};
/// # use core::future::Future;
/// let mut task = core::pin::pin!(outer(7));
/// assert_eq!(task.state().name(), "Start");
/// let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
/// let names: Vec<_> = task.state().stack().map(|state| state.place().awaited).collect();
/// assert_eq!(names, ["inner().await", "pending::<()>().await"]);
/// # }
/// ```
pub trait Inspect: fmt::Debug {
    /// Where the future waits now. It allocates nothing, and runs no code of the future.
    fn state(&self) -> State<'_>;
}

impl<F: Inspect + ?Sized> Inspect for &F {
    fn state(&self) -> State<'_> {
        (**self).state()
    }
}

impl<F: Inspect + ?Sized> Inspect for &mut F {
    fn state(&self) -> State<'_> {
        (**self).state()
    }
}

impl<P: core::ops::Deref<Target: Inspect> + fmt::Debug> Inspect for core::pin::Pin<P> {
    fn state(&self) -> State<'_> {
        (**self).state()
    }
}

/// Where a frame waits, as this closure says.
pub fn see<'f, S>(frame: &'f S, look: impl Fn(&'f S) -> State<'f>) -> State<'f> {
    look(frame)
}

/// Finds out whether a type implements [`Inspect`]: of two methods with one name, the one that needs fewer references is called.
pub struct Look<'f, F>(pub &'f F);

/// For a future that implements [`Inspect`].
pub trait Seen<'f> {
    /// The future.
    fn look(&self) -> Option<&'f dyn Inspect>;
}

impl<'f, F: Inspect> Seen<'f> for Look<'f, F> {
    #[inline]
    fn look(&self) -> Option<&'f dyn Inspect> {
        Some(self.0)
    }
}

/// For any other.
pub trait Unseen<'f> {
    /// Nothing.
    fn look(&self) -> Option<&'f dyn Inspect>;
}

impl<'f, F> Unseen<'f> for &Look<'f, F> {
    #[inline]
    fn look(&self) -> Option<&'f dyn Inspect> {
        None
    }
}
