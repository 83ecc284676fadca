//! How requests get to the server, as the client needs it.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::error::TransportError;

/// Carries a request to the server and its answer back. The client adds the rest: batches, retries, time limits.
///
/// Implement it to go through a sidecar, to sign requests, to record them, or to answer them in a test. It
/// is called on the client's own thread, which it must not block, inside a Tokio runtime with time and I/O.
///
/// ```
/// use std::sync::Arc;
/// use sspp_client::{Bytes, Client, SalesEvent, Transport, TransportError, Verdict, async_trait, http};
///
/// /// Says no to everything.
/// #[derive(Debug)]
/// struct Refusing;
///
/// #[async_trait]
/// impl Transport for Refusing {
///     async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
///         let mut response = http::Response::new(Bytes::new());
///         *response.status_mut() = http::StatusCode::FORBIDDEN;
///         Ok(response)
///     }
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let client = Client::builder("http://sspp.example").transport(Arc::new(Refusing)).build().unwrap();
/// let outcomes = client.send([SalesEvent::call_made("acc_1", "user_1")]).await.unwrap();
/// assert!(matches!(&outcomes[0].verdict, Verdict::NotSent { error, .. } if error.status() == Some(403)));
/// # });
/// ```
#[async_trait]
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request and reads the whole answer, whatever its status. The future is dropped when its time is over.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;

    /// Sends a request, and gives the answer as soon as it begins: what follows is read part by part, for answers that are too long to be
    /// held. An answer that ends too early has to end with an error; one that does not say where it ends has to be refused.
    ///
    /// Unless it is implemented, it reads the whole with [`send`](Self::send).
    async fn open(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<AnswerStream>, TransportError> {
        let whole = |body| futures_util::stream::iter([Ok(body)]).boxed();
        Ok(self.send(request).await?.map(whole))
    }
}

/// An answer as it arrives: a stream of [`futures_util`](crate::futures_util).
pub type AnswerStream = BoxStream<'static, Result<Bytes, TransportError>>;
