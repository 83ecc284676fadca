//! Which content types a body may have, and which one it has.

use poem::http::{HeaderMap, StatusCode, header};
use sspp_events::is_json_media_type;

use super::problem::Problem;

/// Names of UTF-8, and of ASCII, which is part of it.
const UTF_8: [&str; 3] = ["utf-8", "utf8", "us-ascii"];

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    /// An event a line.
    Lines,
    /// One `CloudEvent` in the structured form.
    CloudEvent,
    /// An array of such.
    CloudEvents,
}

impl Media {
    /// The names it goes by; the first is the one to use.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json"],
            Self::Lines => &["application/x-ndjson", "application/jsonl"],
            Self::CloudEvent => &["application/cloudevents+json"],
            Self::CloudEvents => &["application/cloudevents-batch+json"],
        }
    }

    /// What a request's body is: one of `accepted`, in UTF-8 where it names a charset. Data of a `CloudEvent` is JSON under any name
    /// of JSON, and without one.
    pub(crate) fn of(headers: &HeaderMap, accepted: &[Self], is_data: bool) -> Result<Self, Problem> {
        let mut values = headers.get_all(header::CONTENT_TYPE).iter();
        let text = match values.next() {
            Some(value) => value.to_str().unwrap_or_default().trim(),
            None if is_data => "",
            None => return Err(refused(&format!("Content-Type is missing; {}", list(accepted)))),
        };
        if is_data && text.is_empty() && values.next().is_none() {
            return Ok(Self::Json);
        }
        let once = values.next().is_none();
        if once && text == "application/json" && accepted.contains(&Self::Json) {
            return Ok(Self::Json);
        }
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is = |media: &&Self| media.names().iter().any(|known| known.eq_ignore_ascii_case(name));
        let data = Some(&Self::Json).filter(|_| is_data && is_json_media_type(name));
        let Some(media) = accepted.iter().find(is).or(data).filter(|_| once) else {
            let shown: String = text.chars().take(100).collect();
            return Err(refused(&format!("Content-Type '{shown}' is not supported; {}", list(accepted))));
        };
        for parameter in parts {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_matches('"');
            let is_utf8 = UTF_8.iter().any(|known| known.eq_ignore_ascii_case(value));
            if name.trim().eq_ignore_ascii_case("charset") && !is_utf8 {
                let shown: String = value.chars().take(40).collect::<String>().to_ascii_uppercase();
                let problem =
                    refused(&format!("Content-Type charset '{shown}' is not supported; {}", list(accepted)));
                return Err(problem.with_message(format!("unsupported charset \"{shown}\"")));
            }
        }
        Ok(*media)
    }
}

fn refused(detail: &str) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
}

fn list(accepted: &[Media]) -> String {
    let names: Vec<&str> = accepted.iter().flat_map(|media| media.names()).copied().collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("accepted {verb} {}, in UTF-8", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str, accepted: &[Media]) -> Result<Media, Problem> {
        Media::of(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]), accepted, false)
    }

    #[test]
    fn data_of_a_cloud_event_is_json_under_any_name_of_it() {
        let data = |value: &[&str]| {
            let headers = value.iter().map(|value| (header::CONTENT_TYPE, value.parse().unwrap()));
            Media::of(&headers.collect(), &[Media::Json, Media::CloudEvent], true).ok()
        };
        for good in [
            &[][..],
            &[""],
            &["application/json"],
            &["text/json"],
            &["application/vnd.acme+json; charset=UTF-8"],
        ] {
            assert_eq!(data(good), Some(Media::Json), "{good:?}");
        }
        assert_eq!(data(&["application/cloudevents+json"]), Some(Media::CloudEvent));
        for bad in [
            "application/xml",
            "text/plain",
            "application/x-www-form-urlencoded",
            "text/json; charset=latin1",
        ] {
            assert_eq!(data(&[bad]), None, "{bad}");
        }
        let mut twice = HeaderMap::from_iter([(header::CONTENT_TYPE, "application/json".parse().unwrap())]);
        twice.append(header::CONTENT_TYPE, "application/json".parse().unwrap());
        assert!(Media::of(&twice, &[Media::Json], true).is_err());
    }

    #[test]
    fn content_types_are_told_apart() {
        const BATCH: &[Media] = &[Media::Json, Media::Lines, Media::CloudEvents];
        for (good, media) in [
            ("application/json", Media::Json),
            ("Application/JSON; charset=UTF-8", Media::Json),
            ("application/json;charset=\"utf-8\"", Media::Json),
            ("application/json; charset=utf8", Media::Json),
            ("application/x-ndjson;charset=US-ASCII", Media::Lines),
            ("application/x-ndjson", Media::Lines),
            ("application/jsonl; charset=utf-8", Media::Lines),
            ("application/cloudevents-batch+json", Media::CloudEvents),
        ] {
            assert_eq!(of(good, BATCH).unwrap(), media, "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/vnd.api+json",
            "application/json; charset=latin1",
            "application/json; charset=utf-16",
            "application/x-ndjson; charset=iso-8859-1",
            "json",
            "application/cloudevents+json",
        ] {
            let problem = of(bad, BATCH).unwrap_err();
            assert_eq!(problem.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{bad}");
        }
        assert_eq!(list(&[Media::Json]), "accepted is application/json, in UTF-8");
        assert_eq!(list(&[Media::Json, Media::CloudEvent]).matches("application/").count(), 2);
    }
}
