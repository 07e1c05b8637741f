//! The stand-ins for `?`, `for` and the like do what the syntax does.

use handroll_rt as rt;
use std::num::ParseIntError;
use std::ops::ControlFlow;
use std::task::Poll;

#[derive(Debug, PartialEq)]
struct Wrong(String);

impl From<ParseIntError> for Wrong {
    fn from(error: ParseIntError) -> Self {
        Wrong(error.to_string())
    }
}

#[test]
fn tri_on_a_result_converts_the_error() {
    fn step(text: &str) -> Poll<Result<i32, Wrong>> {
        let n: i32 = rt::tri!(text.parse());
        Poll::Ready(Ok(n + 1))
    }
    assert_eq!(step("4"), Poll::Ready(Ok(5)));
    assert_eq!(
        step("x"),
        Poll::Ready(Err(Wrong("invalid digit found in string".into())))
    );
}

#[test]
fn tri_on_an_option_returns_none() {
    fn step(text: Option<&str>) -> Poll<Option<usize>> {
        Poll::Ready(Some(rt::tri!(text).len()))
    }
    assert_eq!(step(Some("abc")), Poll::Ready(Some(3)));
    assert_eq!(step(None), Poll::Ready(None));
}

#[test]
fn tri_on_a_control_flow_breaks() {
    fn step(flow: ControlFlow<&'static str, u8>) -> Poll<ControlFlow<&'static str, u16>> {
        Poll::Ready(ControlFlow::Continue(rt::tri!(flow).into()))
    }
    assert_eq!(
        step(ControlFlow::Continue(3)),
        Poll::Ready(ControlFlow::Continue(3))
    );
    assert_eq!(
        step(ControlFlow::Break("out")),
        Poll::Ready(ControlFlow::Break("out"))
    );
}

#[test]
fn tri_on_a_poll_keeps_what_is_pending() {
    fn step(poll: Poll<Result<u8, ParseIntError>>) -> Poll<Result<&'static str, Wrong>> {
        Poll::Ready(Ok(match rt::tri!(poll) {
            Poll::Ready(_) => "ready",
            Poll::Pending => "pending",
        }))
    }
    assert_eq!(step(Poll::Ready(Ok(1))), Poll::Ready(Ok("ready")));
    assert_eq!(step(Poll::Pending), Poll::Ready(Ok("pending")));
    assert!(matches!(
        step(Poll::Ready("".parse())),
        Poll::Ready(Err(Wrong(_)))
    ));
}

#[test]
fn loops_are_not_misled_by_methods_of_the_users() {
    struct Three(Vec<u8>);
    impl Three {
        #[expect(dead_code, reason = "it must not be called")]
        fn next(&mut self) -> Option<u8> {
            unreachable!("not the iterator's")
        }
    }
    impl Iterator for Three {
        type Item = u8;
        fn next(&mut self) -> Option<u8> {
            self.0.pop()
        }
    }
    let mut iter = rt::into_iter(Three(vec![1, 2]));
    assert_eq!(
        [
            rt::next(&mut iter),
            rt::next(&mut iter),
            rt::next(&mut iter)
        ],
        [Some(2), Some(1), None]
    );
}

#[test]
fn references_are_lengthened_without_a_change() {
    let (text, mut list) = ("abc".to_owned(), vec![1]);
    let shared: &str = rt::lengthen!(text.as_str());
    assert_eq!(shared.as_ptr(), text.as_ptr());
    let unique: &mut [i32] = rt::lengthen_mut!(list.as_mut_slice());
    unique[0] = 2;
    assert_eq!(list, [2]);
}

#[test]
fn the_type_never_has_a_name() {
    fn stops() -> rt::Never {
        panic!("it does not return")
    }
    let _: fn() -> ! = stops;
    assert_eq!(rt::value(3), 3);
}
