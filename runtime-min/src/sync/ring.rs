//! Bytes on their way from an interrupt to a task.

use super::{AtomicU8, Bell, Ordering::Relaxed, fence};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// A ring of `N` bytes, a power of two up to 256, between one producer and one consumer, each of which may be an interrupt. It is full
/// with one byte less.
///
/// A second producer or consumer does no harm to memory, but bytes get lost or double.
///
/// ```
/// use handroll_rt::sync::Ring;
/// static RECEIVED: Ring<4> = Ring::new();
/// assert!(RECEIVED.push(7));
/// assert_eq!(RECEIVED.pop(), Some(7));
/// assert_eq!(RECEIVED.pop(), None);
/// ```
#[derive(Debug)]
pub struct Ring<const N: usize> {
    // Where the next byte goes, and where the next comes from. Nothing is in the ring when they are equal.
    head: AtomicU8,
    tail: AtomicU8,
    bytes: [AtomicU8; N],
}

impl<const N: usize> Default for Ring<N> {
    fn default() -> Self {
        Ring::new()
    }
}

impl<const N: usize> Ring<N> {
    /// Nothing in it.
    pub const fn new() -> Self {
        const { assert!(N.is_power_of_two() && N <= 256) };
        Ring {
            head: AtomicU8::new(0),
            tail: AtomicU8::new(0),
            bytes: [const { AtomicU8::new(0) }; N],
        }
    }

    /// Whether there is no byte in it.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.head.load(Relaxed) == self.tail.load(Relaxed)
    }

    #[inline(always)]
    fn after(index: u8) -> u8 {
        (usize::from(index).wrapping_add(1) % N) as u8
    }

    #[inline(always)]
    fn byte(&self, index: u8) -> &AtomicU8 {
        // SAFETY: both indices start at 0 and are stored as remainders by `N` only.
        unsafe { self.bytes.get_unchecked(usize::from(index)) }
    }

    /// A place for one more byte, if there is one. The producer's.
    #[inline(always)]
    pub fn vacancy(&self) -> Option<Vacancy<'_, N>> {
        let index = self.head.load(Relaxed);
        let next = Self::after(index);
        (next != self.tail.load(Relaxed)).then_some(Vacancy {
            ring: self,
            index,
            next,
        })
    }

    /// Puts a byte in, or gives `false` when there is no place. The producer's; it wakes nobody.
    #[inline(always)]
    pub fn push(&self, byte: u8) -> bool {
        self.vacancy().map(|vacancy| vacancy.fill(byte)).is_some()
    }

    /// Takes a byte out. The consumer's.
    #[inline(always)]
    pub fn pop(&self) -> Option<u8> {
        let index = self.tail.load(Relaxed);
        if self.head.load(Relaxed) == index {
            return None;
        }
        // The producer has put the byte before it moved on, and does not put another before this one is taken.
        fence();
        let byte = self.byte(index).load(Relaxed);
        fence();
        self.tail.store(Self::after(index), Relaxed);
        Some(byte)
    }

    /// Waits for a byte and takes it out. The producer rings the bell when there is one: after each, or once after several.
    ///
    /// # Cancel safety
    /// Dropping the future takes nothing: a byte leaves the ring only when the future is ready with it.
    pub fn read<'r>(&'r self, bell: &'r Bell) -> Read<'r, N> {
        Read { ring: self, bell }
    }
}

/// A place in a ring for one byte.
#[derive(Debug)]
pub struct Vacancy<'r, const N: usize> {
    ring: &'r Ring<N>,
    index: u8,
    next: u8,
}

impl<const N: usize> Vacancy<'_, N> {
    /// Puts the byte there.
    #[inline(always)]
    pub fn fill(self, byte: u8) {
        fence();
        self.ring.byte(self.index).store(byte, Relaxed);
        fence();
        self.ring.head.store(self.next, Relaxed);
    }
}

/// The future of [`Ring::read`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Read<'r, const N: usize> {
    ring: &'r Ring<N>,
    bell: &'r Bell,
}

impl<const N: usize> Future for Read<'_, N> {
    type Output = u8;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u8> {
        self.bell.listen(cx.waker());
        self.ring.pop().map_or(Poll::Pending, Poll::Ready)
    }
}
