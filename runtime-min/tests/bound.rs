//! `bound!` gives a `&mut T` a lifetime of its own, and leaves everything else as it is.

use handroll_rt as rt;

/// A later arm borrows what the first one borrowed for the caller: without `bound!` this does not compile.
fn first_or_last(one: &mut Option<String>, long: usize) -> Option<&mut String> {
    match one {
        Some(text) if text.len() > long => Some(rt::bound!(text)),
        Some(text) => {
            text.push('.');
            None
        }
        other => {
            *other = Some(String::new());
            None
        }
    }
}

#[test]
fn a_reference_outlives_the_arm() {
    let mut one = Some("hello".to_owned());
    first_or_last(&mut one, 3).expect("long enough").push('!');
    assert_eq!(one.as_deref(), Some("hello!"));
    assert!(first_or_last(&mut one, 9).is_none());
    assert_eq!(one.as_deref(), Some("hello!."));
}

#[test]
fn values_and_shared_references_stay_what_they_are() {
    fn generic<T>(value: T) -> T {
        rt::bound!(value)
    }
    let text = "hello".to_owned();
    let shared: &'static str = rt::bound!("hello");
    assert_eq!(rt::bound!(&text), shared);
    assert_eq!(generic(7), rt::bound!(7));
    assert_eq!(rt::bound!(text), "hello");
}
