//! The executor's flags under loom, which tries every order in which threads may see each other's stores.
//!
//! `tests/build.rs` makes versions of the runtime's sources with loom's flags: the true one must pass, those with a bug must not.

mod chip;

/// A version of the sources, with the models in it.
macro_rules! version {
    ($name:ident) => {
        // What is silenced here speaks up in the crate itself.
        #[allow(warnings, clippy::all, clippy::undocumented_unsafe_blocks)]
        mod $name {
            pub(crate) mod exec {
                include!(concat!(
                    env!("OUT_DIR"),
                    "/loom/",
                    stringify!($name),
                    "/exec.rs"
                ));
                pub(crate) mod wfi {
                    include!(concat!(
                        env!("OUT_DIR"),
                        "/loom/",
                        stringify!($name),
                        "/exec/wfi.rs"
                    ));
                }
            }
            pub(crate) mod sync {
                pub(crate) mod bell {
                    include!(concat!(
                        env!("OUT_DIR"),
                        "/loom/",
                        stringify!($name),
                        "/sync/bell.rs"
                    ));
                }
                pub(crate) mod ring {
                    include!(concat!(
                        env!("OUT_DIR"),
                        "/loom/",
                        stringify!($name),
                        "/sync/ring.rs"
                    ));
                }
                pub(crate) use bell::Bell;
                pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};
                pub(crate) use ring::Ring;

                pub(crate) fn fence() {
                    loom::sync::atomic::fence(Ordering::SeqCst);
                }
            }
            include!("models.rs");
        }
    };
}

version!(right);
version!(clears_after_the_poll);
version!(sleeps_without_a_look);
version!(wakes_without_a_fence);
version!(ring_fills_the_next_place);
version!(ring_counts_before_it_fills);

#[test]
fn a_wake_up_leads_to_a_poll_that_sees_its_cause() {
    right::wakes();
}

#[test]
fn no_wake_up_is_slept_through() {
    right::sleeps();
}

#[test]
fn a_ring_hands_bytes_over() {
    right::hands_over();
}

#[test]
#[should_panic(expected = "woken, and not polled")]
fn clearing_the_flag_after_the_poll_is_found() {
    clears_after_the_poll::wakes();
}

#[test]
#[should_panic(expected = "asleep for good")]
fn sleeping_without_a_look_is_found() {
    sleeps_without_a_look::sleeps();
}

#[test]
#[should_panic(expected = "woken, and not polled")]
fn waking_without_a_fence_is_found() {
    wakes_without_a_fence::wakes();
}

#[test]
#[should_panic(expected = "other bytes")]
fn a_wrong_index_is_found() {
    ring_fills_the_next_place::hands_over();
}

#[test]
#[should_panic(expected = "other bytes")]
fn counting_before_filling_is_found() {
    ring_counts_before_it_fills::hands_over();
}
