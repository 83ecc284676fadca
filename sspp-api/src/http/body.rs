//! Reads a request body: within the limit before and after decompression, in time.

use std::io::Read;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use poem::Body;
use poem::http::{HeaderMap, StatusCode, header};

use super::body_memory::BodyLease;
use super::problem::Problem;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// The largest zstd window that is decoded: 8 MiB, what RFC 8878 asks every decoder to bear.
const ZSTD_WINDOW_LOG: u32 = 23;
/// How much of a compressed body is decompressed before memory for it is asked for.
const FIRST_PIECE: usize = 4 << 10;

/// Reads a body of at most `limit` bytes, decompressed where it says so; [`Media`](super::media::Media) says what it is.
pub(super) async fn read_body(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    within: Duration,
    lease: &mut BodyLease,
) -> Result<Bytes, Problem> {
    let coding = coding(headers)?;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if declared.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit, ""));
    }
    let bytes = tokio::time::timeout(within, collect(body, limit, lease)).await.map_err(|_| {
        let detail = format!("The body did not arrive within {} seconds", within.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "request-timeout", detail)
    })??;
    match coding {
        Coding::Identity => Ok(bytes),
        Coding::Gzip => decode(flate2::read::MultiGzDecoder::new(&bytes[..]), "gzip", limit, lease).await,
        Coding::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(&bytes[..])
                .and_then(|mut decoder| decoder.window_log_max(ZSTD_WINDOW_LOG).map(|()| decoder))
                .map_err(|error| Problem::internal(format!("no zstd decoder: {error}")))?;
            decode(decoder, "zstd", limit, lease).await
        }
    }
}

fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(Coding::Identity) };
    let text = value.to_str().unwrap_or_default().trim();
    let known = match text.to_ascii_lowercase().as_str() {
        "" | "identity" => Some(Coding::Identity),
        "gzip" | "x-gzip" => Some(Coding::Gzip),
        "zstd" => Some(Coding::Zstd),
        _ => None,
    };
    known.filter(|_| values.next().is_none()).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let detail =
            format!("Content-Encoding '{shown}' is not supported; accepted are gzip, zstd and identity");
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-encoding", detail)
            .with_message(format!("unsupported content encoding \"{shown}\""))
    })
}

/// Stops at the first chunk past the limit, and keeps nothing of it.
async fn collect(body: Body, limit: usize, lease: &mut BodyLease) -> Result<Bytes, Problem> {
    let mut chunks = std::pin::pin!(body.into_bytes_stream());
    let broken = |error: std::io::Error| {
        Problem::new(StatusCode::BAD_REQUEST, "broken-body", "The body ended early")
            .with_cause(error.to_string())
    };
    let Some(first) = chunks.next().await.transpose().map_err(broken)? else { return Ok(Bytes::new()) };
    if first.len() > limit {
        return Err(too_large(limit, ""));
    }
    lease.grow_to(first.len()).await?;
    let Some(second) = chunks.next().await.transpose().map_err(broken)? else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if whole.len() + chunk.len() > limit {
            return Err(too_large(limit, ""));
        }
        lease.grow_to(whole.len() + chunk.len()).await?;
        whole.extend_from_slice(&chunk);
        next = chunks.next().await.transpose().map_err(broken)?;
    }
    Ok(whole.freeze())
}

/// Decompresses piece by piece, each twice as large as all before it, and asks for memory before each.
async fn decode(
    mut decoder: impl Read + Send,
    coding: &str,
    limit: usize,
    lease: &mut BodyLease,
) -> Result<Bytes, Problem> {
    let mut whole = Vec::new();
    loop {
        let most = (whole.len() * 2).max(FIRST_PIECE).min(limit);
        lease.grow_to(most).await?;
        // One byte more tells whether that was all.
        let wanted = most - whole.len() + 1;
        let read = decoder.by_ref().take(wanted as u64).read_to_end(&mut whole);
        if whole.len() > limit {
            return Err(too_large(limit, " after decompression"));
        }
        let read = read.map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "broken-body", format!("The body is not valid {coding}"))
                .with_cause(error.to_string())
        })?;
        if read < wanted {
            return Ok(whole.into());
        }
    }
}

fn too_large(limit: usize, when: &str) -> Problem {
    Problem::too_large(format!("The body is larger than {limit} bytes{when}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_cut_off_at_its_limit_however_it_is_chunked() {
        let chunked = |sizes: &'static [usize]| {
            let chunks = sizes.iter().map(|size| Ok::<_, std::io::Error>(vec![b'x'; *size]));
            Body::from_bytes_stream(futures_util::stream::iter(chunks.collect::<Vec<_>>()))
        };
        let memory = crate::http::BodyMemory::default();
        let lease = &mut memory.lease();
        assert_eq!(collect(chunked(&[]), 4, lease).await.unwrap().len(), 0);
        assert_eq!(collect(chunked(&[4]), 4, lease).await.unwrap().len(), 4);
        assert_eq!(collect(chunked(&[2, 1, 1]), 4, lease).await.unwrap().len(), 4);
        for over in [&[5][..], &[4, 1], &[1, 1, 3]] {
            assert_eq!(
                collect(chunked(over), 4, lease).await.unwrap_err().status,
                StatusCode::PAYLOAD_TOO_LARGE
            );
        }
    }

    /// Few bytes on the wire may be a thousand times as many in memory.
    #[tokio::test(start_paused = true)]
    async fn what_a_body_takes_is_counted_as_it_is_after_decompression() {
        let memory = crate::http::BodyMemory::default();
        let zeros = vec![0; 4 << 20];
        let gzip =
            std::io::Read::bytes(flate2::read::GzEncoder::new(&zeros[..], flate2::Compression::best()));
        let gzip: Bytes = gzip.collect::<Result<_, _>>().unwrap();
        let zstd = Bytes::from(zstd::encode_all(&zeros[..], 3).unwrap());
        for (coding, packed) in [("gzip", gzip), ("zstd", zstd)] {
            let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, coding.parse().unwrap())]);
            let mut leases: Vec<_> = std::iter::repeat_with(|| memory.lease()).take(4).collect();
            let mut statuses = Vec::new();
            for lease in &mut leases {
                let body = Body::from(packed.clone());
                let read = read_body(&headers, body, zeros.len(), Duration::from_secs(30), lease).await;
                statuses.push(read.map_or_else(|problem| problem.status.as_u16(), |_| 200));
            }
            // 12 MiB are there for all.
            assert_eq!(statuses, [200, 200, 200, 503], "{coding}");
        }
    }
}
