//! Sets of what is numbered without gaps: locals and mentions. A bit each, since the analyses look them up all the time.

use crate::names::{LocalId, Mention};
use fixedbitset::FixedBitSet;
use std::marker::PhantomData;

/// Something with a number.
pub(crate) trait Numbered: Copy {
    fn number(self) -> usize;
    fn numbered(number: usize) -> Self;
}

impl Numbered for LocalId {
    fn number(self) -> usize {
        self.0
    }
    fn numbered(number: usize) -> Self {
        LocalId(number)
    }
}

impl Numbered for Mention {
    fn number(self) -> usize {
        self.0
    }
    fn numbered(number: usize) -> Self {
        Mention(number)
    }
}

/// A set that grows as needed, in order of the numbers.
#[derive(Clone, Debug)]
pub(crate) struct Set<T> {
    bits: FixedBitSet,
    of: PhantomData<T>,
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Set {
            bits: FixedBitSet::new(),
            of: PhantomData,
        }
    }
}

impl<T: Numbered> Set<T> {
    pub(crate) fn contains(&self, one: &T) -> bool {
        self.bits.contains(one.number())
    }

    pub(crate) fn insert(&mut self, one: T) {
        if one.number() >= self.bits.len() {
            self.bits.grow((one.number() + 1).next_power_of_two());
        }
        self.bits.insert(one.number());
    }

    pub(crate) fn remove(&mut self, one: T) {
        if self.contains(&one) {
            self.bits.remove(one.number());
        }
    }

    /// Adds all of another set; whether any of them is new.
    pub(crate) fn add(&mut self, other: &Set<T>) -> bool {
        let new = !other.bits.is_subset(&self.bits);
        if new {
            self.bits.union_with(&other.bits);
        }
        new
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> {
        self.bits.ones().map(T::numbered)
    }

    pub(crate) fn len(&self) -> usize {
        self.bits.count_ones(..)
    }
}

impl<T: Numbered> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, all: I) {
        all.into_iter().for_each(|one| self.insert(one));
    }
}

impl<T: Numbered> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut set = Set::default();
        set.extend(all);
        set
    }
}
