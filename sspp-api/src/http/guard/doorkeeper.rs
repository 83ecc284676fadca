//! Authentication, authorization and rate limit: checked before any of the body is read.

use std::net::IpAddr;
use std::sync::Arc;

use poem::Request;
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sspp_runtime::{AllowedHosts, RequestedHost};

use super::client_address::came_by_proxy;
use super::keys::ApiKey;
use super::rate_limit::{Allowance, Bucket, Limiter};
use super::{ApiKeys, Scopes, TrustedProxies};
use crate::http::docs::unknown_route;
use crate::http::operation::Access;
use crate::http::problem::Problem;
use crate::state::Settings;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const HOW: &str = "send a key as 'Authorization: Bearer KEY' or 'x-api-key: KEY'";

/// Checks the keys that requests show, and counts requests by caller.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    keys: Arc<ApiKeys>,
    hosts: AllowedHosts,
    limiter: Option<Limiter>,
    proxies: TrustedProxies,
}

/// What the door finds out about the caller of a request.
#[derive(Debug, Default)]
pub(crate) struct Caller<'k> {
    /// The name of the key that the caller showed, where that is known.
    pub(crate) key: Option<&'k str>,
    /// What the caller has left, where that is counted.
    pub(crate) allowance: Option<Allowance>,
}

impl Doorkeeper {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            keys: Arc::clone(&settings.keys),
            hosts: settings.allowed_hosts.clone(),
            limiter: settings.rate_limit.and_then(Limiter::new),
            proxies: settings.trusted_proxies.clone(),
        }
    }

    /// Refuses a request that names no host as it should, and without keys one that asks for a host that is not this one: the
    /// page of an attacker, under a name that was made to lead here.
    pub(crate) fn check_host(&self, request: &Request) -> Result<(), Problem> {
        let host = RequestedHost::of(request.version(), request.uri(), request.headers());
        let checked =
            host.and_then(|host| if self.keys.is_empty() { self.hosts.check(host) } else { Ok(()) });
        checked.map_err(|fault| Problem::new(fault.status(), fault.kind(), fault.to_string()))
    }

    /// Lets a request in or says why not, and notes what it finds out about the caller. Guesses of keys are counted by address, so
    /// that guessing has a limit too.
    pub(crate) fn admit<'d>(
        &'d self,
        request: &Request,
        access: Access,
        caller: &mut Caller<'d>,
    ) -> Result<(), Problem> {
        let needed = match access {
            Access::Needs(needed) => needed,
            Access::Direct if came_by_proxy(request.headers()) => return Err(unknown_route(request)),
            Access::Direct | Access::Open => return Ok(()),
        };
        let identified =
            if self.keys.is_empty() { Ok(None) } else { self.identify(request.headers()).map(Some) };
        let key = identified.as_ref().ok().copied().flatten();
        caller.key = key.map(|key| &*key.name);
        if let Some(limiter) = &self.limiter {
            let bucket = match key {
                Some(key) => Bucket::Key(Arc::clone(&key.name)),
                None => Bucket::of_address(self.address(request)),
            };
            let taken = limiter.take(bucket);
            let (outcome, allowance) = match taken {
                Ok(allowance) => (Ok(()), allowance),
                Err((problem, allowance)) => (Err(problem), allowance),
            };
            caller.allowance = Some(allowance);
            outcome?;
        }
        match identified? {
            Some(key) if !key.scopes.allow_one_of(needed) => Err(forbidden(key, needed)),
            _ => Ok(()),
        }
    }

    fn address(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.remote_addr().as_socket_addr()?.ip();
        Some(self.proxies.client(peer, request.headers()))
    }

    fn identify(&self, headers: &HeaderMap) -> Result<&ApiKey, Problem> {
        let mut shown = None;
        for value in headers
            .get_all(header::AUTHORIZATION)
            .iter()
            .map(bearer)
            .chain(headers.get_all(X_API_KEY).iter().map(|value| Ok(value.as_bytes())))
        {
            let value = value?;
            if shown.is_some_and(|other| other != value) {
                return Err(unauthenticated(
                    "invalid_request",
                    "The request has more than one key: send one",
                ));
            }
            shown = Some(value);
        }
        let Some(shown) = shown else {
            return Err(unauthenticated("", format!("An API key is required: {HOW}")));
        };
        self.keys.find(shown).ok_or_else(|| unauthenticated("invalid_token", "The API key is unknown"))
    }
}

/// The token of `Bearer token`; the scheme's case does not matter.
fn bearer(value: &HeaderValue) -> Result<&[u8], Problem> {
    let bytes = value.as_bytes();
    match bytes.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => Ok(token.trim_ascii()),
        _ => Err(unauthenticated(
            "invalid_request",
            format!("The Authorization header uses another scheme: {HOW}"),
        )),
    }
}

fn unauthenticated(error: &str, detail: impl Into<String>) -> Problem {
    let challenge = match error {
        "" => r#"Bearer realm="sspp""#.to_owned(),
        error => format!(r#"Bearer realm="sspp", error="{error}""#),
    };
    challenged(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail), &challenge)
}

fn forbidden(key: &ApiKey, needed: Scopes) -> Problem {
    let detail = format!(
        "The key {:?} has the scope {}, but this operation needs {}",
        key.name,
        key.scopes.joined(" and "),
        needed.joined(" or ")
    );
    let challenge =
        format!(r#"Bearer realm="sspp", error="insufficient_scope", scope="{}""#, needed.joined(" "));
    challenged(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail), &challenge)
}

fn challenged(problem: Problem, challenge: &str) -> Problem {
    match HeaderValue::from_str(challenge) {
        Ok(value) => problem.with_header(header::WWW_AUTHENTICATE, value),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::guard::NewKey;

    fn request(lines: &[(&str, &str)]) -> Request {
        lines.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value)).finish()
    }

    fn door(line: &str) -> Doorkeeper {
        let keys = Arc::new(ApiKeys::parse(line).unwrap());
        Doorkeeper::new(&Settings { keys, ..Settings::default() })
    }

    #[test]
    fn a_key_is_taken_from_either_header_and_never_from_two_that_differ() {
        let made = NewKey::make("crm", Scopes::READ).unwrap();
        let door = door(&made.line());
        let secret = made.secret();
        let ask = |lines: &[(&str, &str)]| {
            let admitted = door.admit(&request(lines), Access::Needs(Scopes::READ), &mut Caller::default());
            admitted.map_err(|problem| problem.status.as_u16())
        };
        let bearer = format!("Bearer {secret}");
        for good in [
            &[("x-api-key", secret)][..],
            &[("authorization", &bearer)],
            &[("authorization", &bearer.replace("Bearer", "bEARER"))],
            &[("authorization", &bearer), ("x-api-key", secret)],
        ] {
            assert_eq!(ask(good), Ok(()), "{good:?}");
        }
        for bad in [
            &[][..],
            &[("x-api-key", "")],
            &[("x-api-key", &bearer)],
            &[("authorization", secret)],
            &[("authorization", "")],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Basic Y3JtOnMzY3JldA==")],
            &[("authorization", &bearer), ("x-api-key", "other")],
            &[("authorization", &bearer), ("authorization", "Bearer other")],
        ] {
            assert_eq!(ask(bad), Err(401), "{bad:?}");
        }
    }

    #[test]
    fn without_keys_everyone_is_let_in_and_open_doors_need_none() {
        let admit = |door: &Doorkeeper, lines: &[(&str, &str)], access| {
            door.admit(&request(lines), access, &mut Caller::default())
        };
        assert!(admit(&door(""), &[], Access::Needs(Scopes::ADMIN)).is_ok());
        let made = NewKey::make("crm", Scopes::READ).unwrap();
        let door = door(&made.line());
        assert!(admit(&door, &[], Access::Open).is_ok());
        let refused = admit(&door, &[("x-api-key", made.secret())], Access::Needs(Scopes::ADMIN));
        assert_eq!(refused.unwrap_err().status, StatusCode::FORBIDDEN);
    }
}
