//! The rate limit: a token bucket for each key, or for each address without one, within bounded memory.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use poem::http::{HeaderName, HeaderValue, StatusCode};

use crate::http::problem::{Problem, whole_seconds};

/// No more buckets than this are kept (about 10 MB); further callers share one.
const BUCKETS_MAX: usize = 100_000;
/// Full buckets are removed once in this many requests.
const SWEEP_EVERY: u32 = 8_192;

pub(crate) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(crate) const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How many requests a caller may send in the long run: `100/s`, `6000/m`, `100000/h`.
///
/// ```
/// let rate: sspp_api::Rate = "6000/m".parse().unwrap();
/// assert_eq!(rate.to_string(), "6000/m");
/// assert!("0/s".parse::<sspp_api::Rate>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    requests: NonZeroU32,
    unit: char,
}

impl Rate {
    /// Whole requests a minute, at least one.
    pub(crate) fn per_minute(self) -> u64 {
        (u64::from(self.requests.get()) * 60 / self.period().as_secs()).max(1)
    }

    fn period(self) -> Duration {
        Duration::from_secs(match self.unit {
            's' => 1,
            'm' => 60,
            _ => 3_600,
        })
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once('/')
            .and_then(|(requests, unit)| Some((requests.trim().parse().ok()?, unit.trim())));
        let (requests, unit): (NonZeroU32, _) = parts.ok_or(
            "should be requests in a second, a minute or an hour, such as 100/s, 6000/m or 100000/h",
        )?;
        if requests.get() > 1_000_000 {
            return Err("should be at most 1000000 requests in a second, a minute or an hour".to_owned());
        }
        match unit {
            "s" | "m" | "h" => Ok(Self { requests, unit: unit.chars().next().unwrap_or('s') }),
            _ => Err(format!("the unit {unit:?} should be s, m or h, as in 100/s")),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.requests, self.unit)
    }
}

/// A rate, and how many requests may come at once after a pause.
///
/// ```
/// let limit = sspp_api::RateLimit { rate: "100/s".parse().unwrap(), burst: None };
/// assert!(limit.burst.is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The rate in the long run.
    pub rate: Rate,
    /// How many requests may come at once; as many as the rate's number where it is not set.
    pub burst: Option<NonZeroU32>,
}

/// The bucket that a request draws from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    Key(Arc<str>),
    /// Of an address; of IPv6 the /64, since the owner of one address there owns all of it.
    Address(IpAddr),
    /// Shared by all callers for whom no bucket was left.
    Others,
}

impl Bucket {
    pub(crate) fn of_address(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V6(v6)) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                Self::Address(IpAddr::V6(network.into()))
            }
            Some(v4) => Self::Address(v4),
            None => Self::Others,
        }
    }
}

/// What a caller has left, as the answer's headers say it.
#[derive(Debug, Clone)]
pub(crate) struct Allowance {
    policy: HeaderValue,
    remaining: u32,
    full_in: Duration,
}

impl Allowance {
    /// `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers writes them.
    pub(crate) fn headers(&self) -> [(HeaderName, Option<HeaderValue>); 2] {
        let limit = format!("\"default\";r={};t={}", self.remaining, whole_seconds(self.full_in));
        [(POLICY, Some(self.policy.clone())), (LIMIT, HeaderValue::from_str(&limit).ok())]
    }
}

/// Counts callers.
pub(crate) struct Limiter<C: Clock = DefaultClock> {
    buckets: RateLimiter<Bucket, DashMapStateStore<Bucket>, C, StateInformationMiddleware>,
    policy: HeaderValue,
    burst: u32,
    each: Duration,
    asked: AtomicU32,
    buckets_max: usize,
}

impl<C: Clock> fmt::Debug for Limiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Limiter {
    pub(crate) fn new(limit: RateLimit) -> Option<Self> {
        Self::with_clock(limit, DefaultClock::default(), BUCKETS_MAX)
    }
}

impl<C: Clock> Limiter<C> {
    fn with_clock(limit: RateLimit, clock: C, buckets_max: usize) -> Option<Self> {
        let each = limit.rate.period() / limit.rate.requests.get();
        let burst = limit.burst.unwrap_or(limit.rate.requests);
        let quota = Quota::with_period(each)?.allow_burst(burst);
        let window = whole_seconds(each.saturating_mul(burst.get())).max(1);
        let policy = HeaderValue::from_str(&format!("\"default\";q={burst};w={window}")).ok()?;
        Some(Self {
            buckets: RateLimiter::dashmap_with_clock(quota, clock).with_middleware(),
            policy,
            burst: burst.get(),
            each,
            asked: AtomicU32::new(0),
            buckets_max,
        })
    }

    /// Takes one token of a caller's bucket, or says when there will be one.
    pub(crate) fn take(&self, bucket: Bucket) -> Result<Allowance, (Problem, Allowance)> {
        let bucket = self.bounded(bucket);
        match self.buckets.check_key(&bucket) {
            Ok(left) => Ok(self.allowance(left.remaining_burst_capacity())),
            Err(not_yet) => {
                let wait = not_yet.wait_time_from(self.buckets.clock().now());
                let who = match &bucket {
                    Bucket::Key(name) => format!("The key {name:?}"),
                    Bucket::Address(_) | Bucket::Others => "This address".to_owned(),
                };
                let detail =
                    format!("too many requests from {who}: try again in {} s", whole_seconds(wait).max(1));
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate-limited", detail)
                    .with_retry_after(wait);
                Err((problem, self.allowance(0)))
            }
        }
    }

    fn allowance(&self, remaining: u32) -> Allowance {
        let full_in = self.each.saturating_mul(self.burst.saturating_sub(remaining));
        Allowance { policy: self.policy.clone(), remaining, full_in }
    }

    /// Keys are few and always have a bucket; addresses are as many as an attacker likes.
    fn bounded(&self, bucket: Bucket) -> Bucket {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            self.buckets.retain_recent();
        }
        let many = matches!(bucket, Bucket::Address(_)) && self.buckets.len() >= self.buckets_max;
        if many { Bucket::Others } else { bucket }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limiter(
        rate: &str,
        burst: Option<u32>,
        buckets_max: usize,
    ) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let limit = RateLimit { rate: rate.parse().unwrap(), burst: burst.and_then(NonZeroU32::new) };
        (Limiter::with_clock(limit, clock.clone(), buckets_max).unwrap(), clock)
    }

    fn address(text: &str) -> Bucket {
        Bucket::of_address(Some(text.parse().unwrap()))
    }

    fn shown(allowance: &Allowance) -> Vec<String> {
        allowance
            .headers()
            .into_iter()
            .map(|(_, value)| value.unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_bucket_empties_and_fills_at_its_rate() {
        let (limiter, clock) = limiter("60/m", Some(3), 10);
        let caller = || Bucket::Key("crm".into());
        for left in ["r=2;t=1", "r=1;t=2", "r=0;t=3"] {
            assert_eq!(
                shown(&limiter.take(caller()).unwrap()),
                ["\"default\";q=3;w=3", &format!("\"default\";{left}")]
            );
        }
        let (problem, _) = limiter.take(caller()).unwrap_err();
        assert_eq!(problem.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(problem.render("/", "").headers()["retry-after"], "1");
        assert!(limiter.take(address("192.0.2.1")).is_ok(), "others have buckets of their own");
        clock.advance(Duration::from_millis(999));
        assert!(limiter.take(caller()).is_err());
        clock.advance(Duration::from_millis(1));
        assert!(limiter.take(caller()).is_ok());
        assert!(limiter.take(caller()).is_err());
    }

    #[test]
    fn addresses_of_one_network_are_one_caller() {
        let (limiter, _) = limiter("1/h", None, 10);
        assert!(limiter.take(address("2001:db8::1")).is_ok());
        assert!(limiter.take(address("2001:db8::ffff:1")).is_err());
        assert!(limiter.take(address("2001:db8:0:1::1")).is_ok());
        assert!(limiter.take(address("192.0.2.1")).is_ok());
        assert!(limiter.take(address("::ffff:192.0.2.1")).is_err());
    }

    #[test]
    fn more_callers_than_buckets_share_one_and_a_key_never_does() {
        let (limiter, clock) = limiter("1/s", None, 4);
        for last in 0..4 {
            assert!(limiter.take(address(&format!("192.0.2.{last}"))).is_ok());
        }
        assert!(limiter.take(address("198.51.100.1")).is_ok());
        assert!(limiter.take(address("198.51.100.2")).is_err(), "the shared bucket is empty");
        assert!(limiter.take(Bucket::Key("crm".into())).is_ok());
        assert!(limiter.buckets.len() <= 6);
        clock.advance(Duration::from_mins(1));
        limiter.asked.store(0, Ordering::Relaxed);
        assert!(limiter.take(address("198.51.100.3")).is_ok());
        assert_eq!(limiter.buckets.len(), 1, "full buckets are forgotten");
    }

    #[test]
    fn rates_are_read_and_nonsense_is_not() {
        for (text, period) in [("100/s", 1), (" 6000 / m", 60), ("1/h", 3_600)] {
            assert_eq!(text.parse::<Rate>().unwrap().period().as_secs(), period, "{text}");
        }
        for bad in ["", "100", "0/s", "-1/s", "1/d", "1/", "/s", "1.5/s", "9999999999/s", "2000000/s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
