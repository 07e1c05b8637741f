// What is refused when holders are not allowed. Above the case stands how its message begins.
// option: no_holders

pub async fn wait() {}

/// only types decide what is left of `text` after a use, and holders are not allowed
pub mod receiver {
    pub mod refused {
        use super::super::*;
        pub async fn f<T: ToString + Clone>(make: T) -> usize {
            let text = make.to_string();
            let bytes = text.into_bytes();
            wait().await;
            bytes.len()
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f<T: ToString + Clone>(make: T) -> usize {
            let text = make.to_string();
            let bytes = { text }.into_bytes();
            wait().await;
            bytes.len()
        }
    }
}
