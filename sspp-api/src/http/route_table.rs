//! Which route a path belongs to, what may be done there, and what does it. Every request is looked up once.

use std::collections::HashMap;
use std::sync::Arc;

use poem::http::{HeaderValue, Method};

use super::operation::{Feature, Operation};
use crate::metrics::RouteMetrics;

/// One route: its template and its operations.
pub(super) struct Route {
    segments: Vec<String>,
    operations: Vec<Arc<Operation>>,
    pub(super) allow: HeaderValue,
    pub(super) metrics: RouteMetrics,
}

impl Route {
    /// The operation of a method; `HEAD` is `GET` without the body.
    pub(super) fn operation(&self, method: &Method) -> Option<&Operation> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.operations.iter().find(|operation| operation.method == *method).map(|operation| &**operation)
    }

    /// Whether one of its operations takes events.
    pub(super) fn takes_events(&self) -> bool {
        self.operations.iter().any(|operation| operation.takes_events)
    }
}

/// Every route of the service.
pub(crate) struct RouteTable {
    fixed: HashMap<String, usize>,
    templates: Vec<usize>,
    routes: Vec<Route>,
    pub(super) unmatched: RouteMetrics,
}

impl RouteTable {
    /// The routes of features under a prefix, and without it where an operation says so.
    pub(crate) fn new(prefix: &str, features: Vec<Feature>) -> Self {
        let mut table = Self {
            fixed: HashMap::new(),
            templates: Vec::new(),
            routes: Vec::new(),
            unmatched: RouteMetrics::new("unmatched"),
        };
        for operation in features.into_iter().flat_map(|feature| feature.operations) {
            let operation = Arc::new(operation);
            if operation.bare && !prefix.is_empty() {
                table.add(operation.path, Arc::clone(&operation));
            }
            table.add(&format!("{prefix}{}", operation.path), operation);
        }
        table
    }

    /// Adds an operation under a path; a path that has one for its method keeps it.
    pub(crate) fn add(&mut self, template: &str, operation: Arc<Operation>) {
        let known = self.routes.iter().position(|route| route.metrics.route() == template);
        let at = known.unwrap_or_else(|| {
            let at = self.routes.len();
            if template.contains('{') {
                self.templates.push(at);
            } else {
                self.fixed.insert(template.to_owned(), at);
            }
            self.routes.push(Route {
                segments: template.split('/').map(str::to_owned).collect(),
                operations: Vec::new(),
                allow: HeaderValue::from_static(""),
                metrics: RouteMetrics::new(template),
            });
            at
        });
        let Some(route) = self.routes.get_mut(at) else { return };
        if route.operation(&operation.method).is_none() {
            route.operations.push(operation);
            route.allow = allow(&route.operations);
        }
    }

    /// The route of a path, and the part of the path that stands for its parameter. Fixed paths come before templates. Case matters.
    pub(super) fn find<'p>(&self, path: &'p str) -> Option<(&Route, Option<&'p str>)> {
        if let Some(at) = self.fixed.get(path) {
            return Some((self.routes.get(*at)?, None));
        }
        self.templates.iter().find_map(|at| {
            let route = self.routes.get(*at)?;
            let mut parameter = None;
            let mut parts = path.split('/');
            for segment in &route.segments {
                let part = parts.next()?;
                if segment.starts_with('{') && !part.is_empty() {
                    parameter = Some(part);
                } else if part != segment {
                    return None;
                }
            }
            parts.next().is_none().then_some((route, parameter))
        })
    }
}

fn allow(operations: &[Arc<Operation>]) -> HeaderValue {
    let mut names: Vec<&str> = operations.iter().map(|operation| operation.method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("GET"))
}

#[cfg(test)]
mod tests {
    use poem::Response;

    use super::super::operation::Access;
    use super::*;
    use crate::http::Call;

    #[test]
    fn fixed_paths_come_before_templates_and_case_matters() {
        async fn nothing(_call: Call) -> Response {
            Response::default()
        }
        let mut table = RouteTable::new("", Vec::new());
        table
            .add("/v1/signals/{id}", Arc::new(Operation::new(Method::GET, "", "one", Access::Open, nothing)));
        table.add(
            "/v1/signals/stats",
            Arc::new(Operation::new(Method::POST, "", "add", Access::Open, nothing)),
        );
        table.add(
            "/v1/signals/stats",
            Arc::new(Operation::new(Method::DELETE, "", "remove", Access::Open, nothing)),
        );
        let (stats, parameter) = table.find("/v1/signals/stats").unwrap();
        assert!(stats.operation(&Method::POST).is_some() && stats.operation(&Method::GET).is_none());
        assert_eq!((stats.allow.to_str().unwrap(), parameter), ("POST, DELETE", None));
        let (one, parameter) = table.find("/v1/signals/7").unwrap();
        assert_eq!((one.allow.to_str().unwrap(), parameter), ("GET, HEAD", Some("7")));
        assert_eq!(one.operation(&Method::HEAD).map(|operation| operation.id), Some("one"));
        for unknown in ["/v1/signals/", "/v1/signals", "/v1/Signals/7", "/v1/signals/7/x", "", "/"] {
            assert!(table.find(unknown).is_none(), "{unknown}");
        }
    }
}
