//! What is left of a request's body once it was answered: a small rest is read, so that the connection lives on; of a large one
//! nothing, and the connection is closed once the answer has arrived.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// A rest of so much, and one that arrives in so short a time, is read.
const SMALL: u64 = 64 << 10;
const SOON: Duration = Duration::from_secs(1);

/// A body that the endpoint reads and gives back when it drops it.
#[derive(Debug)]
struct Lent(Arc<Mutex<Owned>>);

#[derive(Debug)]
struct Owned {
    body: Incoming,
    /// Whether anything of it was asked for: that sends "100 Continue" to a client that waits for it.
    touched: bool,
    ended: bool,
}

/// The rest of a body.
#[derive(Debug)]
pub(super) struct Rest {
    owned: Arc<Mutex<Owned>>,
    /// Whether the client waits for `100 Continue` before it sends the body.
    waits: bool,
}

/// Lends a request's body to the endpoint; there is no rest of one that is empty.
pub(super) fn lend(headers: &HeaderMap, body: Incoming) -> (BoxBody<Bytes, io::Error>, Option<Rest>) {
    if body.is_end_stream() {
        return (body.map_err(io::Error::other).boxed(), None);
    }
    let waits = headers.contains_key(header::EXPECT);
    let owned = Arc::new(Mutex::new(Owned { body, touched: false, ended: false }));
    (Lent(Arc::clone(&owned)).boxed(), Some(Rest { owned, waits }))
}

fn lock(owned: &Mutex<Owned>) -> MutexGuard<'_, Owned> {
    owned.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Body for Lent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut owned = lock(&self.0);
        owned.touched = true;
        let frame = ready!(Pin::new(&mut owned.body).poll_frame(cx));
        owned.ended = frame.is_none();
        Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.0).body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).body.size_hint()
    }
}

impl Rest {
    /// Reads a small rest that comes soon, and tells whether the body has ended. What is read is dropped at once.
    pub(super) async fn ended(self) -> bool {
        let unasked = {
            let owned = lock(&self.owned);
            if owned.ended || owned.body.is_end_stream() {
                return true;
            }
            self.waits && !owned.touched || owned.body.size_hint().lower() > SMALL
        };
        !unasked && tokio::time::timeout(SOON, self.read()).await.unwrap_or(false)
    }

    async fn read(self) -> bool {
        let mut body = Lent(self.owned);
        let mut left = SMALL;
        std::future::poll_fn(|cx| {
            loop {
                match ready!(Pin::new(&mut body).poll_frame(cx)) {
                    None => return Poll::Ready(true),
                    Some(Err(_)) => return Poll::Ready(false),
                    Some(Ok(frame)) => {
                        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                        let Some(less) = left.checked_sub(bytes) else { return Poll::Ready(false) };
                        left = less;
                    }
                }
            }
        })
        .await
    }
}
