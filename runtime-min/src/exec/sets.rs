//! Sets of sets of tasks.

use super::Tasks;

impl<T: Tasks, const N: usize> Tasks for [T; N] {
    fn round(&mut self) -> bool {
        self.iter_mut()
            .fold(false, |lives, tasks| tasks.round() | lives)
    }

    fn is_awake(&self) -> bool {
        self.iter().any(T::is_awake)
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: Tasks),+> Tasks for ($($name,)+) {
            #[inline(always)]
            #[allow(non_snake_case)]
            fn round(&mut self) -> bool {
                let ($($name,)+) = self;
                false $(| $name.round())+
            }

            #[inline(always)]
            #[allow(non_snake_case)]
            fn is_awake(&self) -> bool {
                let ($($name,)+) = self;
                false $(|| $name.is_awake())+
            }
        }
    };
}
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
