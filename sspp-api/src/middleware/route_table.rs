//! Which route a path belongs to: for the `Allow` header, for the `route` label, and for the trailing slash.

use std::collections::HashMap;

use poem::http::{HeaderValue, Method};
use poem_openapi::registry::MetaApi;

use crate::guard::Access;
use crate::metrics::RouteMetrics;
use crate::routes::access;

/// One route: its template and what may be done there.
#[derive(Debug)]
pub(crate) struct RouteEntry {
    segments: Vec<String>,
    methods: Vec<(Method, Access)>,
    pub(crate) allow: HeaderValue,
    pub(crate) metrics: RouteMetrics,
}

impl RouteEntry {
    /// Who may use a method of the route; none where the route has no such method.
    pub(crate) fn access(&self, method: &Method) -> Option<Access> {
        self.methods.iter().find(|(known, _)| known == method).map(|(_, access)| *access)
    }
}

/// Every route of the service, made from the same metadata as the document, so that the two cannot differ.
#[derive(Debug)]
pub(crate) struct RouteTable {
    fixed: HashMap<String, usize>,
    templates: Vec<usize>,
    entries: Vec<RouteEntry>,
    pub(crate) unmatched: RouteMetrics,
}

impl RouteTable {
    pub(crate) fn new() -> Self {
        Self {
            fixed: HashMap::new(),
            templates: Vec::new(),
            entries: Vec::new(),
            unmatched: RouteMetrics::new("unmatched"),
        }
    }

    /// Adds every path of an API under a prefix.
    pub(crate) fn add_api(&mut self, prefix: &str, apis: &[MetaApi]) {
        for path in apis.iter().flat_map(|api| &api.paths) {
            let methods = path.operations.iter().map(|operation| {
                let method = operation.method.clone();
                let access = access(&method, operation.operation_id);
                (method, access)
            });
            self.add(&format!("{prefix}{}", path.path), methods.collect());
        }
    }

    /// Adds a path that everyone may read.
    pub(crate) fn add_open(&mut self, template: &str) {
        self.add(template, vec![(Method::GET, Access::Open)]);
    }

    /// Adds one path; `GET` brings `HEAD` along.
    fn add(&mut self, template: &str, mut methods: Vec<(Method, Access)>) {
        if let Some((_, access)) = methods.iter().find(|(method, _)| method == Method::GET) {
            methods.push((Method::HEAD, *access));
        }
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.segments.join("/") == template) {
            // Another resource has operations on the same path.
            let known = std::mem::take(&mut entry.methods);
            methods = known.into_iter().chain(methods).collect();
            let mut seen = std::collections::HashSet::new();
            methods.retain(|(method, _)| seen.insert(method.clone()));
            entry.allow = allow(&methods);
            entry.methods = methods;
            return;
        }
        let at = self.entries.len();
        if template.contains('{') {
            self.templates.push(at);
        } else {
            self.fixed.insert(template.to_owned(), at);
        }
        let segments = template.split('/').map(str::to_owned).collect();
        let allow = allow(&methods);
        let metrics = RouteMetrics::new(template);
        self.entries.push(RouteEntry { segments, methods, allow, metrics });
    }

    /// The route of a path; fixed paths come before templates. Case matters.
    pub(crate) fn find(&self, path: &str) -> Option<&RouteEntry> {
        let at = self.fixed.get(path).copied().or_else(|| {
            self.templates.iter().copied().find(|at| {
                let segments = &self.entries[*at].segments;
                path.split('/').count() == segments.len()
                    && path.split('/').zip(segments).all(|(part, segment)| {
                        if segment.starts_with('{') { !part.is_empty() } else { part == segment }
                    })
            })
        })?;
        self.entries.get(at)
    }
}

fn allow(methods: &[(Method, Access)]) -> HeaderValue {
    let names: Vec<&str> = methods.iter().map(|(method, _)| method.as_str()).collect();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("GET"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_paths_come_before_templates_and_case_matters() {
        let mut table = RouteTable::new();
        table.add_open("/v1/signals/{id}");
        table.add("/v1/signals/stats", vec![(Method::POST, Access::Open)]);
        table.add("/v1/signals/stats", vec![(Method::DELETE, Access::Open)]);
        let stats = table.find("/v1/signals/stats").unwrap();
        assert!(stats.access(&Method::POST).is_some() && stats.access(&Method::GET).is_none());
        assert_eq!(stats.allow, "POST, DELETE");
        assert_eq!(table.find("/v1/signals/7").unwrap().allow, "GET, HEAD");
        for unknown in ["/v1/signals/", "/v1/signals", "/v1/Signals/7", "/v1/signals/7/x", "", "/"] {
            assert!(table.find(unknown).is_none(), "{unknown}");
        }
    }
}
