// What is refused, and what its help says to write instead. Above each case stands how its message begins.

pub async fn wait() {}

pub async fn number() -> usize {
    1
}

pub async fn word() -> &'static str {
    "a"
}

pub struct Pair {
    pub a: String,
    pub b: String,
}

pub fn name() -> String {
    "a".to_owned()
}

/// the body has too many configurations to be lowered in each
pub mod configurations {
    pub mod refused {
        use super::super::*;
        pub async fn f() -> usize {
            #[cfg(feature = "a")]
            let _a = name();
            #[cfg(feature = "b")]
            let _b = name();
            #[cfg(feature = "c")]
            let _c = name();
            #[cfg(feature = "d")]
            let _d = name();
            number().await
        }
    }
    pub mod instead {
        use super::super::*;
        fn names() -> Vec<String> {
            vec![
                #[cfg(feature = "a")]
                name(),
                #[cfg(feature = "b")]
                name(),
                #[cfg(feature = "c")]
                name(),
                #[cfg(feature = "d")]
                name(),
            ]
        }
        pub async fn f() -> usize {
            let _names = names();
            number().await
        }
    }
}

/// this text has a letter that handroll uses itself, U+01C0 or U+01C3
pub mod letter {
    pub mod refused {
        use super::super::*;
        pub async fn f() -> usize {
            number().await + "a click: ǀ".len()
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f() -> usize {
            number().await + "a click: \u{1c0}".len()
        }
    }
}

/// the name `n__hr0_1` is reserved
pub mod reserved {
    pub mod refused {
        use super::super::*;
        pub async fn f(n__hr0_1: usize) -> usize {
            number().await + n__hr0_1
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            number().await + n
        }
    }
}

/// an assignment to a struct pattern with `..` is not lowered
pub mod dots {
    pub mod refused {
        use super::super::*;
        pub async fn f(pair: Pair) -> usize {
            wait().await;
            let taken = move || {
                let a;
                Pair { a, .. } = pair;
                a.len()
            };
            taken()
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(pair: Pair) -> usize {
            wait().await;
            let taken = move || {
                let Pair { a, .. } = pair;
                a.len()
            };
            taken()
        }
    }
}

/// an assignment to a pattern drops old values and the rest of the new one in an order of its own
pub mod pattern {
    pub mod refused {
        use super::super::*;
        pub async fn f(pair: [usize; 2]) -> usize {
            let (mut a, mut list) = (0, [0; 9]);
            [a, list[number().await]] = pair;
            a + list.len()
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(pair: [usize; 2]) -> usize {
            let (mut a, mut list) = (0, [0; 9]);
            let [a2, second] = pair;
            a += a2;
            list[number().await] = second;
            a + list.len()
        }
    }
}

/// `#[traced]` decides what becomes of this
pub mod attribute {
    pub mod refused {
        use super::super::*;
        #[traced]
        pub async fn f(n: usize) -> usize {
            number().await + n
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn inner(n: usize) -> usize {
            number().await + n
        }
    }
}

/// the await is an argument of the macro `record!`
pub mod hidden {
    pub mod refused {
        use super::super::*;
        pub async fn f() {
            record!("{}", number().await);
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f() {
            let n = number().await;
            record!("{}", n);
        }
    }
}

/// an `unsafe` block awaits, and takes apart what only its own context may look at
pub mod unsafe_block {
    pub mod refused {
        use super::super::*;
        pub async fn f(pair: &'static (usize, usize)) -> usize {
            let at: *const (usize, usize) = pair;
            unsafe {
                let (a, _) = *at;
                a + number().await
            }
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(pair: &'static (usize, usize)) -> usize {
            let at: *const (usize, usize) = pair;
            unsafe {
                let pair: (usize, usize) = *at;
                let (a, _) = pair;
                a + number().await
            }
        }
    }
}

/// a match guard awaits, 
pub mod guard {
    pub mod refused {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            match n {
                n if number().await == n => 2,
                _ => 3,
            }
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            let number = number().await;
            match n {
                n if number == n => 2,
                _ => 3,
            }
        }
    }
}

/// a macro that returns, and may move a local
pub mod returning {
    pub mod refused {
        use super::super::*;
        fn likes(list: Vec<usize>) -> bool {
            list.is_empty()
        }
        pub async fn f(list: Vec<usize>) -> Result<usize, ()> {
            ensure!(likes(list));
            Ok(number().await)
        }
    }
    pub mod instead {
        use super::super::*;
        fn likes(list: Vec<usize>) -> bool {
            list.is_empty()
        }
        pub async fn f(list: Vec<usize>) -> Result<usize, ()> {
            if !likes(list) {
                return Err(());
            }
            Ok(number().await)
        }
    }
}

/// a macro says its argument as it is spelled, and that is spelled otherwise in the output
pub mod spelled {
    pub mod refused {
        use super::super::*;
        async fn look(_: &usize) {}
        pub async fn f() -> Result<usize, ()> {
            let n = number().await;
            look(&n).await;
            ensure!(n > 0);
            Ok(n)
        }
    }
    pub mod instead {
        use super::super::*;
        async fn look(_: &usize) {}
        pub async fn f() -> Result<usize, ()> {
            let n = number().await;
            look(&n).await;
            ensure!(n > 0, "nothing");
            Ok(n)
        }
    }
}

/// the receiver is evaluated before the awaited argument, and only its type says how
pub mod receiver {
    pub mod refused {
        use super::super::*;
        pub async fn f() -> String {
            let text = name().to_lowercase().replacen(&name(), "", number().await);
            text
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f() -> String {
            let n = number().await;
            let text = name().to_lowercase().replacen(&name(), "", n);
            text
        }
    }
}

/// types decide whether the left or the right side is evaluated first
pub mod compound {
    pub fn at<'t>(totals: &'t mut [usize], name: &str) -> &'t mut usize {
        &mut totals[name.len() - 1]
    }
    pub mod refused {
        use super::super::*;
        use super::at;
        pub async fn f(totals: &mut Vec<usize>) {
            *at(totals, &name()) += number().await;
        }
    }
    pub mod instead {
        use super::super::*;
        use super::at;
        pub async fn f(totals: &mut Vec<usize>) {
            let n = number().await;
            *at(totals, &name()) += n;
        }
    }
}

/// the indexed value is evaluated before the awaited index
pub mod indexed {
    pub mod refused {
        use super::super::*;
        pub async fn f(rows: Vec<Vec<usize>>) -> usize {
            rows[0][number().await]
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(rows: Vec<Vec<usize>>) -> usize {
            let n = number().await;
            rows[0][n]
        }
    }
}

/// the left side is read before the right side, which mentions it too
pub mod read_first {
    pub mod refused {
        use super::super::*;
        pub async fn f(n: usize) -> bool {
            let mut n = n;
            n == {
                n += 1;
                number().await
            }
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(n: usize) -> bool {
            let mut n = n;
            let left = n;
            n += 1;
            let right = number().await;
            wait().await;
            left == right && n > 0
        }
    }
}

/// the left side is compared in place, after the awaited right side
pub mod in_place {
    pub mod refused {
        use super::super::*;
        pub async fn f(numbers: Vec<usize>) -> bool {
            numbers[0] == number().await
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(numbers: Vec<usize>) -> bool {
            let n = number().await;
            numbers[0] == n
        }
    }
}

/// only types decide whether this pattern moves elements out of an array
pub mod elements {
    pub mod refused {
        use super::super::*;
        pub async fn f(pair: [String; 2], n: usize) -> usize {
            match pair {
                [a, _] if n > 0 => a.len() + number().await,
                [_, b] => b.len(),
            }
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(pair: [String; 2], n: usize) -> usize {
            match &pair {
                [a, _] if n > 0 => a.len() + number().await,
                [_, b] => b.len(),
            }
        }
    }
}

/// elements are taken out of the array `pair`, which is held across an await
pub mod elements_later {
    pub mod refused {
        use super::super::*;
        pub async fn f(pair: [String; 2]) -> usize {
            wait().await;
            let [a, _] = pair;
            wait().await;
            a.len()
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(pair: [String; 2]) -> usize {
            wait().await;
            let [a, _] = &pair;
            wait().await;
            a.len()
        }
    }
}

/// only types decide what this moves of a value without a name
pub mod unnamed {
    pub mod refused {
        use super::super::*;
        pub async fn f(a: String, b: String) -> Result<usize, std::num::ParseIntError> {
            Ok(match (a, b) {
                (ref a, _) if a.parse::<usize>()? > 2 => number().await,
                (a, b) => a.len() + b.len(),
            })
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(a: String, b: String) -> Result<usize, std::num::ParseIntError> {
            let pair = (a, b);
            if pair.0.parse::<usize>()? > 2 {
                return Ok(number().await);
            }
            Ok(pair.0.len() + pair.1.len())
        }
    }
}

/// a temporary of this expression may be held across an await
pub mod expression {
    pub mod refused {
        use super::super::*;
        pub async fn send(text: &str) -> usize {
            text.len()
        }
        pub async fn f(name: Option<String>) -> Option<usize> {
            Some(send(padded!(&name?)).await)
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn send2(text: &str) -> usize {
            text.len()
        }
        pub async fn f(name: Option<String>) -> Option<usize> {
            let name = name?;
            let text = padded!(&name);
            Some(send2(text).await)
        }
    }
}

/// a temporary is held across the await, and the pattern takes the value apart before it drops
pub mod taken_apart {
    pub mod refused {
        use super::super::*;
        pub async fn found(text: &str) -> Option<usize> {
            Some(text.len())
        }
        pub async fn f() -> usize {
            let Some(n) = found(&name()).await else {
                return 0;
            };
            wait().await;
            n
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn found2(text: &str) -> Option<usize> {
            Some(text.len())
        }
        pub async fn f() -> usize {
            let name = name();
            let Some(n) = found2(&name).await else {
                return 0;
            };
            wait().await;
            n
        }
    }
}

/// this `let` keeps a temporary alive beyond the statement, and the function waits later
pub mod extended {
    pub mod refused {
        use super::super::*;
        pub async fn f() -> usize {
            let (name, n) = (&name(), number().await);
            wait().await;
            name.len() + n
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f() -> usize {
            let value = name();
            let (name, n) = (&value, number().await);
            wait().await;
            name.len() + n
        }
    }
}

/// a macro that may leave the function or a loop, or declares a local
pub mod leaves {
    pub mod refused {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            demand!({
                return n;
            });
            number().await
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            if n > 9 {
                return 9;
            }
            demand!(n);
            number().await
        }
    }
}

/// a macro defined inside the function names a local
pub mod names_a_local {
    pub mod refused {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            macro_rules! more {
                ($m:ident) => {
                    n + stringify!($m).len()
                };
            }
            wait().await;
            more!(m)
        }
    }
    pub mod instead {
        use super::super::*;
        macro_rules! more {
            ($m:ident, $n:ident) => {
                $n + stringify!($m).len()
            };
        }
        pub async fn f(n: usize) -> usize {
            wait().await;
            more!(m, n)
        }
    }
}

/// elements are taken out of the array `all` on some ways only
pub mod elements_sometimes {
    pub mod refused {
        use super::super::*;
        pub async fn f(n: usize) -> Option<String> {
            wait().await;
            let all = [name(), name()];
            n.checked_sub(1)?;
            let [first, _] = all;
            Some(first)
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(n: usize) -> Option<String> {
            wait().await;
            let [first, _second] = [name(), name()];
            n.checked_sub(1)?;
            Some(first)
        }
    }
}

/// a guard may leave before an arm takes elements out of an array, and the order in which that drops then
pub mod elements_behind_a_guard {
    pub mod refused {
        use super::super::*;
        pub async fn f(n: usize) -> Option<String> {
            wait().await;
            Some(match [name(), name()] {
                [first, _] if n.checked_sub(1)? > 1 => first,
                _ => name(),
            })
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(n: usize) -> Option<String> {
            wait().await;
            let many = n.checked_sub(1)? > 1;
            Some(match [name(), name()] {
                [first, _] if many => first,
                _ => name(),
            })
        }
    }
}

/// an item among statements that await, in a nested block or with the name of a local
pub mod item {
    pub mod refused {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            wait().await;
            let m = {
                use super::super::number as n;
                n().await
            };
            m + n
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            use super::super::number as one;
            wait().await;
            one().await + n
        }
    }
}

/// only types decide whether this method moves `parts` or borrows it
pub mod method {
    pub async fn same<T>(value: &T) -> &T {
        value
    }
    pub mod refused {
        use super::super::*;
        pub async fn f<T: IntoIterator + Default>(make: fn() -> T) -> usize {
            let mut parts = make();
            let size = std::mem::size_of_val(super::same(&parts).await);
            let n = parts.into_iter().count();
            wait().await;
            parts = T::default();
            wait().await;
            size + n + parts.into_iter().count()
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f<T: IntoIterator + Default>(make: fn() -> T) -> usize {
            let mut parts = make();
            let size = std::mem::size_of_val(super::same(&parts).await);
            let n = { parts }.into_iter().count();
            wait().await;
            parts = T::default();
            wait().await;
            size + n + { parts }.into_iter().count()
        }
    }
}

/// only types decide what a use of `pair` moves out of it
pub mod used_again {
    pub mod refused {
        use super::super::*;
        pub async fn f<T: ToString>(pair: (T, T)) -> usize {
            let a = pair.0;
            wait().await;
            let b = pair.1;
            wait().await;
            a.to_string().len() + b.to_string().len()
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f<T: ToString>(pair: (T, T)) -> usize {
            let (a, b) = pair;
            wait().await;
            a.to_string().len() + b.to_string().len()
        }
    }
}

/// only types decide what several uses of a local move
pub mod several {
    pub mod refused {
        use super::super::*;
        pub async fn f<T: IntoIterator>(make: fn() -> T) -> bool {
            let parts = make();
            let few = matches!(parts.into_iter().count(), 1..=2);
            wait().await;
            few
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f<T: IntoIterator>(make: fn() -> T) -> bool {
            let parts = make();
            let n = parts.into_iter().count();
            let few = matches!(n, 1..=2);
            wait().await;
            few
        }
    }
}

/// `N` may be a variable or the value of a unit type
pub mod capital {
    pub mod refused {
        use super::super::*;
        #[allow(non_snake_case)]
        pub async fn f(N: usize) -> usize {
            number().await + N
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f(n: usize) -> usize {
            number().await + n
        }
    }
}
