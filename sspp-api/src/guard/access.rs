//! Who may use an operation. One rule for all of them, used by the check and by the document: what an operation declares beside
//! its route, else it is read by `read` and changed by `admin`.

use poem::http::Method;

use super::Scopes;

/// Who may use an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everyone: probes, metrics, the documentation.
    Open,
    /// Whoever has a key with one of these scopes.
    Needs(Scopes),
}

/// What operations declare, by their ids.
pub(crate) type Declared = &'static [(&'static str, Access)];

impl Access {
    /// Who may use an operation that declares this.
    pub(crate) fn of(declared: Option<Self>, method: &Method) -> Self {
        let reads = method == Method::GET || method == Method::HEAD;
        declared.unwrap_or(Self::Needs(if reads { Scopes::READ } else { Scopes::ADMIN }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_declares_nothing_is_read_by_readers_and_changed_by_admins() {
        for (method, scopes) in [
            (Method::GET, Scopes::READ),
            (Method::HEAD, Scopes::READ),
            (Method::POST, Scopes::ADMIN),
            (Method::PUT, Scopes::ADMIN),
            (Method::PATCH, Scopes::ADMIN),
            (Method::DELETE, Scopes::ADMIN),
        ] {
            assert_eq!(Access::of(None, &method), Access::Needs(scopes));
            assert_eq!(Access::of(Some(Access::Open), &method), Access::Open);
        }
    }
}
