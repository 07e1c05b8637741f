// What is refused in editions before 2024 only. Above the case stands how its message begins.
// editions: 2018 2021

pub async fn number() -> usize {
    1
}

pub fn name() -> String {
    "a".to_owned()
}

/// a temporary of this block's value outlives the block, in an expression that goes on
pub mod outlives {
    pub mod refused {
        use super::super::*;
        pub async fn f() -> usize {
            1 + {
                let n = number().await;
                {
                    let m = number().await;
                    name().as_str().len() + m + n
                }
            } + number().await
        }
    }
    pub mod instead {
        use super::super::*;
        pub async fn f() -> usize {
            1 + {
                let n = number().await;
                let length = {
                    let m = number().await;
                    name().as_str().len() + m + n
                };
                length
            } + number().await
        }
    }
}
