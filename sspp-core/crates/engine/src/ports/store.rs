//! A whole store: its ports behind one handle.

use super::{DeadLetters, Housekeeping, Models, Signals, StoreStatus};

/// All ports of a store. Every type that has them is one, and `Arc<dyn Store>` serves wherever one of them is wanted.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::{DeadLetters, Store};
/// fn letters(store: &Arc<dyn Store>) -> Arc<dyn DeadLetters> {
///     store.clone()
/// }
/// ```
pub trait Store: Signals + DeadLetters + Models + Housekeeping + StoreStatus {}

impl<S: Signals + DeadLetters + Models + Housekeeping + StoreStatus> Store for S {}
