//! Settings that may be left out.

/// What was built so far, with a setting where it is given.
pub(crate) fn given<B, T>(built: B, setting: Option<T>, set: impl FnOnce(B, T) -> B) -> B {
    match setting {
        Some(setting) => set(built, setting),
        None => built,
    }
}
