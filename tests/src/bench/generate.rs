//! Generated functions with many awaits.

use std::fmt::Write;

/// What the awaits of a generated function are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each on a free function, its result added to a local number.
    Plain,
    /// Each on a function that borrows a local exclusively.
    Borrowing,
    /// With values whose drop is due at the end of the function, one for every other await.
    Keeping,
    /// With `?`, a branch and a local of an unspelled type held across every other await.
    Mixed,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Shape; 4] = [Shape::Plain, Shape::Borrowing, Shape::Keeping, Shape::Mixed];
}

/// A file with one function `many` of so many sequential awaits, and what it calls.
pub fn file(shape: Shape, awaits: usize) -> String {
    let mut text = "pub struct Kept(pub u32);\n\
        impl Drop for Kept { fn drop(&mut self) {} }\n\
        pub fn look(kept: &Kept) -> u32 { kept.0 }\n\
        pub async fn keep(n: u32) -> Result<Kept, ()> { std::future::ready(Ok(Kept(n))).await }\n\
        pub async fn step(n: u32) -> Result<u32, ()> { std::future::ready(Ok(n)).await }\n\
        pub async fn fill(buf: &mut [u8; 4]) -> u32 { std::future::ready(()).await; buf[0] += 1; 1 }\n\
        pub async fn many(start: u32) -> Result<u32, ()> {\n    let mut sum = start;\n    let mut buf = [0_u8; 4];\n    buf[0] = 1;\n"
        .to_owned();
    for n in 0..awaits {
        let _ = match shape {
            Shape::Plain => writeln!(text, "    sum += step({n}).await.unwrap_or(0);"),
            Shape::Borrowing => writeln!(text, "    sum += fill(&mut buf).await;"),
            Shape::Keeping if n % 2 == 0 => writeln!(text, "    let held_{n} = keep({n}).await?;"),
            Shape::Keeping => writeln!(
                text,
                "    if sum > {n} {{\n        let other = keep({n}).await?;\n        sum -= look(&other);\n    }} else {{\n        sum += look(&held_{});\n    }}",
                n - 1
            ),
            Shape::Mixed if n % 2 == 0 => writeln!(text, "    let held_{n} = step({n}).await?;"),
            Shape::Mixed => writeln!(
                text,
                "    if sum > {n} {{\n        sum -= step(held_{}).await?;\n    }} else {{\n        sum += held_{};\n    }}",
                n - 1,
                n - 1
            ),
        };
    }
    text + "    Ok(sum + u32::from(buf[1]))\n}\n"
}

#[cfg(test)]
mod tests {
    use super::{Shape, file};
    use handroll_lowering::{Options, lower_file};

    #[test]
    fn has_the_awaits_asked_for() {
        for shape in Shape::ALL {
            let lowered = lower_file(&file(shape, 12), &Options::default()).expect("it is Rust");
            let many = lowered.functions.last().expect("three functions");
            assert_eq!((many.path.as_str(), many.awaits), ("many", 12), "{shape:?}");
            assert!(
                many.outcome.is_ok(),
                "{shape:?}: {:?}",
                many.outcome.as_ref().err()
            );
        }
    }

    #[test]
    fn the_output_grows_with_the_awaits() {
        for shape in Shape::ALL {
            let [short, long] = [200, 400].map(|awaits| {
                let lowered = lower_file(&file(shape, awaits), &Options::default());
                lowered.expect("it is Rust").text.len()
            });
            assert!(long * 10 < short * 22, "{shape:?}: {short}, then {long}");
        }
    }
}
