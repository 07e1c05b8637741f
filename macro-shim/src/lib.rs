//! The home of the attribute `#[lower]`. It is not here yet: the command lowers whole files, and the attribute will call the
//! same library, `handroll-lowering`.
