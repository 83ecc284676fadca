//! Who asks, and whether they may: looked at before anything of the body is read.

use std::net::IpAddr;
use std::sync::Arc;

use poem::Request;
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sspp_runtime::{AllowedHosts, RequestedHost};

use super::keys::ApiKey;
use super::rate_limit::{Allowance, Caller, Limiter};
use super::{Access, ApiKeys, Scopes, TrustedProxies};
use crate::error::Problem;
use crate::state::Settings;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const HOW: &str = "send a key as 'Authorization: Bearer KEY' or 'x-api-key: KEY'";

/// Checks the keys that requests show, and counts who asks.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    keys: Arc<ApiKeys>,
    hosts: AllowedHosts,
    limiter: Option<Limiter>,
    proxies: TrustedProxies,
}

/// What the door found out about a request.
pub(crate) struct Admission<'k> {
    /// The name of the key that it showed, where that is known.
    pub(crate) key: Option<&'k str>,
    /// What whoever asks has left, where that is counted.
    pub(crate) allowance: Option<Allowance>,
    pub(crate) outcome: Result<(), Problem>,
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

    /// Lets a request in or says why not, and what whoever asks has left where that is counted. Who guesses keys is counted by
    /// address, so that guessing has a limit too.
    pub(crate) fn admit(&self, request: &Request, access: Access) -> Admission<'_> {
        let mut admission = Admission { key: None, allowance: None, outcome: Ok(()) };
        let Access::Needs(needed) = access else { return admission };
        let headers = request.headers();
        let identified = if self.keys.is_empty() { Ok(None) } else { self.identify(headers).map(Some) };
        if let Ok(Some(key)) = &identified {
            admission.key = Some(&key.name);
        }
        let taken = self.limiter.as_ref().map(|limiter| {
            limiter.take(match &identified {
                Ok(Some(key)) => Caller::Key(Arc::clone(&key.name)),
                _ => Caller::of_address(self.address(request)),
            })
        });
        match taken.transpose() {
            Ok(allowance) => admission.allowance = allowance,
            Err((problem, allowance)) => {
                return Admission { allowance: Some(allowance), outcome: Err(problem), ..admission };
            }
        }
        admission.outcome = identified.and_then(|key| match key {
            Some(key) if !key.scopes.allow_one_of(needed) => Err(forbidden(key, needed)),
            _ => Ok(()),
        });
        admission
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
                    "The request shows more than one key: send one",
                ));
            }
            shown = Some(value);
        }
        let Some(shown) = shown else {
            return Err(unauthenticated("", format!("This needs a key: {HOW}")));
        };
        self.keys
            .find(shown)
            .ok_or_else(|| unauthenticated("invalid_token", "The key is not one that is known here"))
    }
}

/// The token of `Bearer token`; the scheme's case does not matter.
fn bearer(value: &HeaderValue) -> Result<&[u8], Problem> {
    let bytes = value.as_bytes();
    match bytes.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => Ok(token.trim_ascii()),
        _ => Err(unauthenticated(
            "invalid_request",
            format!("The Authorization header is of another scheme: {HOW}"),
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
        "The key {:?} has the scope {}, and this needs {}",
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
    use crate::guard::NewKey;

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
            let admission = door.admit(&request(lines), Access::Needs(Scopes::READ));
            admission.outcome.map_err(|problem| problem.status.as_u16())
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
        assert!(door("").admit(&request(&[]), Access::Needs(Scopes::ADMIN)).outcome.is_ok());
        let made = NewKey::make("crm", Scopes::READ).unwrap();
        let door = door(&made.line());
        assert!(door.admit(&request(&[]), Access::Open).outcome.is_ok());
        let Admission { outcome: refused, .. } =
            door.admit(&request(&[("x-api-key", made.secret())]), Access::Needs(Scopes::ADMIN));
        assert_eq!(refused.unwrap_err().status, StatusCode::FORBIDDEN);
    }
}
