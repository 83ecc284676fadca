//! Lists that are longer than a page, as streams.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _, try_unfold};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;
use crate::url::Query;

/// A list of the server's, as a `Stream`: the next page is asked for when the one before is used up. Ends after an error.
///
/// ```no_run
/// # async fn run(client: sspp_client::Client) -> Result<(), sspp_client::Error> {
/// use futures_util::TryStreamExt as _;
/// use sspp_client::SignalQuery;
///
/// let mut signals = client.signals(&SignalQuery::default().account("acc_1"));
/// while let Some(signal) = signals.try_next().await? {
///     println!("{} {}", signal.signal_type, signal.signal_score);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages<T>(BoxStream<'static, Result<T, Error>>);

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    pagination: Pagination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    next_cursor: Option<String>,
}

/// Where a list goes on.
enum Next {
    First,
    Cursor(String),
    End,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    pub(super) fn new(client: Client, path: &'static str, query: Query) -> Self {
        let pages = try_unfold(Next::First, move |next| {
            let (client, mut query) = (client.clone(), query.clone());
            async move {
                match next {
                    Next::First => {}
                    Next::Cursor(cursor) => query.set("cursor", &cursor),
                    Next::End => return Ok::<_, Error>(None),
                }
                let page: Option<Page<T>> = client.get(format!("{path}{}", query.as_str())).await?;
                let Some(page) = page else { return Ok(None) };
                let next = page.pagination.next_cursor.map_or(Next::End, Next::Cursor);
                let items: VecDeque<Result<T, Error>> = page.data.into_iter().map(Ok).collect();
                Ok(Some((futures_util::stream::iter(items), next)))
            }
        });
        Self(pages.try_flatten().boxed())
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}
