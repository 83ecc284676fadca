//! Which route a path belongs to: for the `Allow` header, for the `route` label, and for the trailing slash.

use std::collections::HashMap;

use poem::http::{HeaderValue, Method};
use poem_openapi::registry::MetaApi;

use crate::metrics::RouteMetrics;

/// One route: its template and what may be done there.
#[derive(Debug)]
pub(crate) struct RouteEntry {
    segments: Vec<String>,
    methods: Vec<Method>,
    pub(crate) allow: HeaderValue,
    pub(crate) metrics: RouteMetrics,
}

impl RouteEntry {
    pub(crate) fn allows(&self, method: &Method) -> bool {
        self.methods.contains(method)
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
            let methods = path.operations.iter().map(|operation| operation.method.clone()).collect();
            self.add(&format!("{prefix}{}", path.path), methods);
        }
    }

    /// Adds one path; `GET` brings `HEAD` along.
    pub(crate) fn add(&mut self, template: &str, mut methods: Vec<Method>) {
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let allow = HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("GET"));
        let at = self.entries.len();
        if template.contains('{') {
            self.templates.push(at);
        } else {
            self.fixed.insert(template.to_owned(), at);
        }
        let segments = template.split('/').map(str::to_owned).collect();
        self.entries.push(RouteEntry { segments, methods, allow, metrics: RouteMetrics::new(template) });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_paths_come_before_templates_and_case_matters() {
        let mut table = RouteTable::new();
        table.add("/v1/signals/{id}", vec![Method::GET]);
        table.add("/v1/signals/stats", vec![Method::POST]);
        assert!(table.find("/v1/signals/stats").unwrap().allows(&Method::POST));
        assert_eq!(table.find("/v1/signals/7").unwrap().allow, "GET, HEAD");
        for unknown in ["/v1/signals/", "/v1/signals", "/v1/Signals/7", "/v1/signals/7/x", "", "/"] {
            assert!(table.find(unknown).is_none(), "{unknown}");
        }
    }
}
