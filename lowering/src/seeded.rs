//! Bugs on purpose, to see that they are found: what a test checks must be able to fail.
//!
//! They exist only with the feature `seeded-bugs`, and there only inside [`with`]. Without the feature `is` is `false` and all of this
//! is gone from the program.

/// A bug: what the lowering does wrong where it is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// Operands before an awaited one are evaluated after it.
    OperandsLate,
    /// Temporaries of an awaited operand drop before it is polled.
    TemporariesEarly,
    /// A value that is not used again is not kept to the end of its scope.
    NoDropDuty,
    /// What a state carries is bound in the wrong order.
    CarriedReversed,
    /// What stands before a pinned local is carried, and drops before it.
    NoPrefixRule,
    /// The value of an `await` is bound before the locals that it must drop before.
    OutputFirst,
    /// What a pattern leaves of an awaited value stays to the end of the scope.
    RestStays,
    /// The value of a block that is a statement drops before the block's locals.
    ValueDropsInside,
    /// Before edition 2024, temporaries of a condition outlive the ones before an await in it.
    ConditionOutlived,
    /// `let x = &value();` does not lengthen the life of the value.
    NotExtended,
    /// An unlabelled jump leads out of another loop.
    UnlabelledJump,
    /// Since edition 2024, a scrutinee's temporaries live on in the `else` block.
    ElseHoldsScrutinee,
    /// `_ = x` moves.
    UnderscoreMoves,
    /// A drop flag is taken for set.
    FlagIgnored,
}

impl Bug {
    /// Every bug.
    pub const ALL: &[Bug] = &[
        Bug::OperandsLate,
        Bug::TemporariesEarly,
        Bug::NoDropDuty,
        Bug::CarriedReversed,
        Bug::NoPrefixRule,
        Bug::OutputFirst,
        Bug::RestStays,
        Bug::ValueDropsInside,
        Bug::ConditionOutlived,
        Bug::NotExtended,
        Bug::UnlabelledJump,
        Bug::ElseHoldsScrutinee,
        Bug::UnderscoreMoves,
        Bug::FlagIgnored,
    ];
}

#[cfg(feature = "seeded-bugs")]
thread_local! {
    static PRESENT: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Runs `inside` with the bug present in what this thread lowers.
#[cfg(feature = "seeded-bugs")]
pub fn with<R>(bug: Bug, inside: impl FnOnce() -> R) -> R {
    let before = PRESENT.replace(Some(bug));
    let result = inside();
    PRESENT.set(before);
    result
}

/// Whether a bug is present.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn is(bug: Bug) -> bool {
    PRESENT.get() == Some(bug)
}

/// Whether a bug is present: never.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}
