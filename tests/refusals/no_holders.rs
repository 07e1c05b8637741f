// What is refused when holders are not allowed. Above the case stands how its message begins.
// option: no_holders

pub async fn wait() {}

/// only types decide what is left of `text` after a use, and holders are not allowed
pub mod receiver {
    pub mod refused {
        use super::super::*;
        pub async fn f<T: Clone + IntoIterator<Item = u8>>(make: &T) -> usize {
            let text = T::clone(make);
            let bytes: Vec<u8> = text.into_iter().collect();
            wait().await;
            bytes.len()
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f<T: Clone + IntoIterator<Item = u8>>(make: &T) -> usize {
            let text = T::clone(make);
            let bytes: Vec<u8> = { text }.into_iter().collect();
            wait().await;
            bytes.len()
        }
    }
}

pub fn name() -> String {
    "a".to_owned()
}

/// only types decide what this expression leaves until the end of the statement, and holders are not allowed
pub mod leaves {
    pub mod refused {
        use super::super::*;
        pub async fn send(text: &str) -> usize {
            text.len()
        }
        pub async fn f() -> usize {
            send(padded!(&name())).await
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn send2(text: &str) -> usize {
            text.len()
        }
        pub async fn f() -> usize {
            let name = name();
            let whole = &name;
            let text = padded!(whole);
            send2(text).await
        }
    }
}
