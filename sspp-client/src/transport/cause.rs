//! Why there was no answer, in words: the causes that hyper, rustls and the system give, by their types.

use std::error::Error;
use std::io::{self, ErrorKind};

use rustls::CertificateError;

use super::proxy::ByWayOf;

/// The innermost cause that is known says what failed and what to do; else all of them, as they are.
pub(super) fn sentence(error: &(dyn Error + 'static)) -> String {
    let causes = causes(error);
    let known = causes.iter().rev().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return Some(of_tls(error));
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            return of_http(error).map(str::to_owned);
        }
        let system = cause.downcast_ref::<io::Error>().and_then(of_system);
        system.map(str::to_owned).or_else(|| of_text(*cause))
    });
    let sentence = known.unwrap_or_else(|| {
        // Some say no more than that they are one, or what the next says.
        let wraps = |cause: &(dyn Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.get_ref().is_some())
        };
        let says_more = |cause: &&&(dyn Error + 'static)| {
            !cause.is::<hyper_util::client::legacy::Error>() && !cause.is::<ByWayOf>() && !wraps(**cause)
        };
        causes.iter().filter(says_more).map(ToString::to_string).collect::<Vec<_>>().join(": ")
    });
    match causes.iter().find_map(|cause| cause.downcast_ref::<ByWayOf>()) {
        Some(way) => format!("{way}: {sentence}"),
        None => sentence,
    }
}

/// The innermost error of the system.
pub(super) fn of_the_system<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    causes(error).into_iter().rev().find(|cause| cause.is::<io::Error>())
}

/// The error and its causes. What an I/O error wraps is among them: as a source it gives only what comes after that.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |last| {
        let last: &'e (dyn Error + 'static) = *last;
        let wrapped = last.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| last.source())
    })
    .collect()
}

fn of_tls(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the certificate is not signed by a trusted authority: install the authority's certificate, set SSL_CERT_FILE, or use root_certificates"
                .to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => format!("the certificate has expired ({error})"),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!("the certificate is for another name ({error})"),
        rustls::Error::InvalidCertificate(fault) => format!("the certificate is not accepted ({fault})"),
        rustls::Error::InvalidMessage(_) => {
            "the server does not speak TLS: try a URL with http://".to_owned()
        }
        error => format!("TLS failed ({error})"),
    }
}

fn of_http(error: &hyper::Error) -> Option<&'static str> {
    if error.is_parse() {
        return Some("the server does not speak HTTP: if it uses TLS, begin the URL with https://");
    }
    if error.is_incomplete_message() || error.is_canceled() {
        return Some("the other side closed it without an answer");
    }
    None
}

/// Errors of hyper-util whose types are its own.
fn of_text(error: &(dyn Error + 'static)) -> Option<String> {
    Some(match error.to_string().as_str() {
        "dns error" => {
            let last = causes(error).last().map(ToString::to_string).unwrap_or_default();
            format!("the name of the host cannot be resolved ({last})")
        }
        "tunnel error: proxy authorization required" => {
            "proxy authorization required: add a name and password to its URL".to_owned()
        }
        "tunnel error: unsuccessful" => "the proxy does not connect to that server".to_owned(),
        _ => return None,
    })
}

fn of_system(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused, nothing listens there",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "the other side closed it without an answer"
        }
        ErrorKind::UnexpectedEof => "the other side closed it before its answer was whole",
        ErrorKind::TimedOut => "the host did not answer in time",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            "there is no route to the host"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_told_in_words() {
        let tls = |error: rustls::Error| io::Error::new(ErrorKind::InvalidData, error);
        for (error, words) in [
            (io::Error::from(ErrorKind::ConnectionRefused), "connection refused"),
            (io::Error::from(ErrorKind::TimedOut), "in time"),
            (io::Error::from(ErrorKind::NetworkUnreachable), "no route"),
            (tls(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)), "root_certificates"),
            (tls(rustls::Error::InvalidCertificate(CertificateError::Expired)), "has expired"),
            (tls(rustls::Error::InvalidCertificate(CertificateError::NotValidForName)), "another name"),
            (
                tls(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)),
                "does not speak TLS",
            ),
            (io::Error::other("no route of mine"), "no route of mine"),
        ] {
            let wrapped = io::Error::other(error);
            assert!(sentence(&wrapped).contains(words), "{words}: {}", sentence(&wrapped));
        }
        // Once, however often it is wrapped.
        assert_eq!(sentence(&io::Error::other(io::Error::other("mine"))), "mine");
    }
}
