//! Which scope an operation needs. One rule for all of them, used by the check and by the document: an operation that nobody
//! thought of here is read by `read` and changed by `admin`.

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

/// Who may use an operation, by its method and its path without the prefix.
pub(crate) fn access(method: &Method, path: &str) -> Access {
    let reads = method == Method::GET || method == Method::HEAD;
    Access::Needs(match path {
        "/health" | "/ready" | "/livez" | "/metrics" if reads => return Access::Open,
        "/events" | "/events/batch" if method == Method::POST => Scopes::INGEST,
        // They store nothing and tell nothing of what is stored.
        "/events/validate" | "/scoring/preview" if method == Method::POST => Scopes::INGEST_OR_READ,
        "/event-types" if reads => Scopes::INGEST_OR_READ,
        _ if reads => Scopes::READ,
        _ => Scopes::ADMIN,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_read_by_readers_and_changed_by_admins() {
        let needs = |method: Method, path: &str| access(&method, path);
        assert_eq!(needs(Method::GET, "/health"), Access::Open);
        assert_eq!(needs(Method::POST, "/events"), Access::Needs(Scopes::INGEST));
        assert_eq!(needs(Method::POST, "/events/batch"), Access::Needs(Scopes::INGEST));
        assert_eq!(needs(Method::GET, "/events/{eventId}"), Access::Needs(Scopes::READ));
        assert_eq!(needs(Method::POST, "/events/validate"), Access::Needs(Scopes::INGEST_OR_READ));
        assert_eq!(needs(Method::GET, "/a/new/one"), Access::Needs(Scopes::READ));
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(needs(method.clone(), "/a/new/one"), Access::Needs(Scopes::ADMIN));
            assert_eq!(needs(method, "/health"), Access::Needs(Scopes::ADMIN));
        }
        assert_eq!(needs(Method::DELETE, "/events"), Access::Needs(Scopes::ADMIN));
    }
}
