//! W3C Trace Context: which trace something belongs to, and where in it.

use std::fmt;

/// Where in a trace something was asked for: the W3C headers `traceparent` and `tracestate`, checked.
///
/// ```
/// use sspp_core::TraceContext;
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace = TraceContext::parse(header, Some("vendor=1")).unwrap();
/// assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!((trace.traceparent(), trace.tracestate()), (header, Some("vendor=1")));
/// assert_eq!(TraceContext::parse("00-1-2-3", None), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// 55 characters of ASCII.
    parent: Box<str>,
    state: Option<Box<str>>,
}

/// The characters of a `traceparent` of version 00.
const PARENT_LEN: usize = 55;
/// What every participant should carry on of a `tracestate`, and more than which is not carried here.
const STATE_MAX: usize = 512;

impl TraceContext {
    /// Reads the two headers. `None` when `traceparent` is none; a bad `tracestate` alone is left out, as the
    /// recommendation asks. A later version is read as far as version 00 goes.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let text = traceparent.trim();
        let (head, rest) = (text.get(..PARENT_LEN)?, text.get(PARENT_LEN..)?);
        let mut parts = head.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let well = parts.next().is_none()
            && is_hex(version, 2)
            && version != "ff"
            && (rest.is_empty() || version != "00" && rest.starts_with('-'))
            && is_hex(trace, 32)
            && trace.bytes().any(|digit| digit != b'0')
            && is_hex(span, 16)
            && span.bytes().any(|digit| digit != b'0')
            && is_hex(flags, 2);
        let parent = if version == "00" { head.into() } else { format!("00-{trace}-{span}-{flags}").into() };
        let state = tracestate.map(str::trim).filter(|state| is_state(state)).map(Box::from);
        well.then_some(Self { parent, state })
    }

    /// The trace's id: 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        self.parent.get(3..35).unwrap_or_default()
    }

    /// The id of the span from which it was asked: 16 hexadecimal digits.
    pub fn span_id(&self) -> &str {
        self.parent.get(36..52).unwrap_or_default()
    }

    /// Whether the caller records the trace.
    pub fn is_sampled(&self) -> bool {
        self.parent.as_bytes().last().is_some_and(|digit| (*digit as char).to_digit(16).unwrap_or(0) & 1 == 1)
    }

    /// As the header `traceparent`, of version 00.
    pub fn traceparent(&self) -> &str {
        &self.parent
    }

    /// As the header `tracestate`, where there is one.
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TraceContext").field(&self.parent).finish()
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_state(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= STATE_MAX
        && text.split(',').count() <= 32
        && text.split(',').all(|member| member.trim().is_empty() || member.contains('='))
        && text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_no_context_is_refused() {
        for bad in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-701",
            "ä0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::parse(bad, None), None, "{bad}");
        }
    }

    #[test]
    fn parts_are_distinguished() {
        let trace = TraceContext::parse(GOOD, None).unwrap();
        assert_eq!((trace.span_id(), trace.is_sampled()), ("00f067aa0ba902b7", true));
        assert!(!TraceContext::parse(&GOOD.replace("-01", "-00"), None).unwrap().is_sampled());
        let later = format!("cc{}-what-comes", &GOOD[2..]);
        assert_eq!(TraceContext::parse(&later, None).unwrap().traceparent(), GOOD);
    }

    #[test]
    fn a_bad_state_is_left_out() {
        let state =
            |state: &str| TraceContext::parse(GOOD, Some(state)).unwrap().tracestate().map(str::to_owned);
        assert_eq!(state(" a=1,b@c=2 ").as_deref(), Some("a=1,b@c=2"));
        for bad in ["", "a", "a=\u{7}", "a=ä", &"a=1,".repeat(33), &format!("a={}", "x".repeat(512))] {
            assert_eq!(state(bad), None, "{bad}");
        }
    }
}
