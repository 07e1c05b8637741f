//! Places in `static`s for tasks whose type has no name.

use super::{Spawned, Task};
use core::future::Future;
use core::mem::MaybeUninit;

/// A place for one task, whose future has a type that cannot be spelled, as `async fn`s give it: `SIZE` bytes, aligned to `ALIGN`. Its
/// type is written with [`task!`](crate::task).
#[derive(Debug)]
#[repr(C)]
pub struct Room<const SIZE: usize, const ALIGN: usize>
where
    Align<ALIGN>: Alignment,
{
    align: [<Align<ALIGN> as Alignment>::Unit; 0],
    bytes: MaybeUninit<[u8; SIZE]>,
}

impl<const SIZE: usize, const ALIGN: usize> Room<SIZE, ALIGN>
where
    Align<ALIGN>: Alignment,
{
    /// An empty place.
    pub const fn new() -> Self {
        Room {
            align: [],
            bytes: MaybeUninit::uninit(),
        }
    }

    /// Puts a future into the place, for good, and spawns it: see [`put`](Room::put).
    #[inline(always)]
    pub fn spawn<F: Future>(&'static mut self, future: F) -> Spawned<F> {
        self.put(future).spawn()
    }

    /// Puts a future into the place, for good.
    ///
    /// It does not compile when the future needs more than the place has.
    #[inline(always)]
    pub fn put<F: Future>(&'static mut self, future: F) -> &'static mut Task<F> {
        const {
            assert!(
                size_of::<Task<F>>() <= SIZE && align_of::<Task<F>>() <= ALIGN,
                "this room was made for another function: `task!` takes the one whose future is spawned"
            );
        }
        let place: &'static mut MaybeUninit<[u8; SIZE]> = &mut self.bytes;
        // SAFETY: the place is large enough, aligned by `align`, and nobody else's from now on. Any bytes may be a `MaybeUninit`.
        let place = unsafe { &mut *place.as_mut_ptr().cast::<MaybeUninit<Task<F>>>() };
        place.write(Task::new(future))
    }
}

impl<const SIZE: usize, const ALIGN: usize> Default for Room<SIZE, ALIGN>
where
    Align<ALIGN>: Alignment,
{
    fn default() -> Self {
        Room::new()
    }
}

/// The type of a [`Room`] for the future of an async function, by the function's name: `task!(echo)`.
///
/// ```no_run
/// use handroll_rt::exec::{Room, run};
///
/// async fn count(from: u32) {
///     # let _ = from;
///     /* .. */
/// }
///
/// // Inside of `#[entry] fn main`, `static mut COUNT: task!(count) = Room::new()` gives the same `&'static mut`.
/// let room: &'static mut handroll_rt::task!(count) = Box::leak(Box::new(Room::new()));
/// run(room.spawn(count(7)), |_| std::thread::yield_now());
/// ```
///
/// A generic function is given with its arguments, `task!(count::<u32>)`. At most 8 parameters.
#[macro_export]
macro_rules! task {
    ($function:expr) => {
        $crate::exec::Room<{ $crate::exec::size_for(&$function) }, { $crate::exec::align_for(&$function) }>
    };
}

/// The bytes that a function's task needs: [`task!`](crate::task) asks.
pub const fn size_for<A, F: Starts<A>>(_: &F) -> usize {
    size_of::<Task<F::Future>>()
}

/// The alignment that a function's task needs: [`task!`](crate::task) asks.
pub const fn align_for<A, F: Starts<A>>(_: &F) -> usize {
    align_of::<Task<F::Future>>()
}

/// A function that gives a future, with parameters `A`.
pub trait Starts<A> {
    /// The future.
    type Future: Future;
}

macro_rules! functions {
    ($($parameter:ident)*) => {
        impl<$($parameter,)* F: Fn($($parameter),*) -> R, R: Future> Starts<($($parameter,)*)> for F {
            type Future = R;
        }
    };
}
functions!();
functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D E);
functions!(A B C D E G);
functions!(A B C D E G H);
functions!(A B C D E G H I);

/// An alignment in bytes.
#[derive(Debug)]
pub struct Align<const ALIGN: usize>;

/// Something of each alignment that there is a [`Room`] for.
pub trait Alignment {
    /// It.
    type Unit: core::fmt::Debug;
}

macro_rules! alignments {
    ($($name:ident $align:literal)+) => {
        $(
            #[doc(hidden)]
            #[derive(Debug)]
            #[repr(align($align))]
            pub struct $name;
            impl Alignment for Align<$align> {
                type Unit = $name;
            }
        )+
    };
}
alignments!(A1 1 A2 2 A4 4 A8 8 A16 16 A32 32 A64 64 A128 128 A256 256 A512 512 A1024 1024 A2048 2048 A4096 4096);
