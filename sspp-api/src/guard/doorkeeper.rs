//! Who asks, and whether they may: looked at before anything of the body is read.

use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::keys::ApiKey;
use super::{Access, ApiKeys, Scopes};
use crate::error::Problem;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const HOW: &str = "send a key as 'Authorization: Bearer KEY' or 'x-api-key: KEY'";

/// Checks the keys that requests show.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    keys: std::sync::Arc<ApiKeys>,
}

impl Doorkeeper {
    pub(crate) fn new(keys: std::sync::Arc<ApiKeys>) -> Self {
        Self { keys }
    }

    /// Lets a request in, with its key where keys are asked for, or says why not.
    pub(crate) fn admit(&self, headers: &HeaderMap, access: Access) -> Result<Option<&ApiKey>, Problem> {
        let Access::Needs(needed) = access else { return Ok(None) };
        if self.keys.is_empty() {
            return Ok(None);
        }
        let key = self.identify(headers)?;
        if key.scopes.allow_one_of(needed) { Ok(Some(key)) } else { Err(forbidden(key, needed)) }
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

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_key_is_taken_from_either_header_and_never_from_two_that_differ() {
        let made = NewKey::make("crm", Scopes::READ).unwrap();
        let keys = ApiKeys::parse(&made.line()).unwrap();
        let door = Doorkeeper::new(keys.into());
        let secret = made.secret();
        let ask = |lines: &[(&'static str, &str)]| {
            let answer = door.admit(&headers(lines), Access::Needs(Scopes::READ));
            answer.map(|key| key.unwrap().name.clone()).map_err(|problem| problem.status.as_u16())
        };
        let bearer = format!("Bearer {secret}");
        for good in [
            &[("x-api-key", secret)][..],
            &[("authorization", &bearer)],
            &[("authorization", &bearer.replace("Bearer", "bEARER"))],
            &[("authorization", &bearer), ("x-api-key", secret)],
        ] {
            assert_eq!(ask(good).as_deref(), Ok("crm"), "{good:?}");
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
        let open = Doorkeeper::new(ApiKeys::default().into());
        assert!(open.admit(&headers(&[]), Access::Needs(Scopes::ADMIN)).unwrap().is_none());
        let made = NewKey::make("crm", Scopes::READ).unwrap();
        let door = Doorkeeper::new(ApiKeys::parse(&made.line()).unwrap().into());
        assert!(door.admit(&headers(&[]), Access::Open).unwrap().is_none());
        let problem =
            door.admit(&headers(&[("x-api-key", made.secret())]), Access::Needs(Scopes::ADMIN)).unwrap_err();
        assert_eq!(problem.status, StatusCode::FORBIDDEN);
    }
}
