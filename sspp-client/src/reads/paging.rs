//! Lists that are longer than a page.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt, try_unfold};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::parameters::Parameters;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;

/// A list of the server's. The next page is asked for when the one before is used up. Ends after an error.
///
/// It is a `Stream` too, for what other crates do with streams.
///
/// ```no_run
/// # async fn run(client: sspp_client::Client) -> Result<(), sspp_client::Error> {
/// use sspp_client::SignalQuery;
///
/// let mut signals = client.signals(&SignalQuery::default().account("acc_1"));
/// while let Some(signal) = signals.try_next().await? {
///     println!("{} {}", signal.signal_type, signal.signal_score);
/// }
/// let newest_ten = client.signals(&SignalQuery::default().page_size(10)).limit(10).collect().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked for until it is read"]
pub struct Pages<T> {
    source: BoxStream<'static, Result<Page<T>, Error>>,
    items: std::vec::IntoIter<T>,
    next_cursor: Option<String>,
    total: Option<Total>,
    left: usize,
}

/// A page of a list.
///
/// ```no_run
/// # async fn run(client: sspp_client::Client, kept: Option<String>) -> Result<(), sspp_client::Error> {
/// use sspp_client::SignalQuery;
///
/// let mut query = SignalQuery::default().page_size(50);
/// if let Some(cursor) = kept {
///     query = query.cursor(cursor);
/// }
/// if let Some(page) = client.signals(&query).next_page().await? {
///     println!("{} signals, go on with {:?}", page.items.len(), page.next_cursor);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the list goes on, for the query's `cursor`; none on the last page.
    pub next_cursor: Option<String>,
    /// How long the whole list is.
    pub total: Total,
}

/// How long a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Total {
    /// How many items it has, over all pages.
    pub count: u64,
    /// Whether that is all: false where there are more, and the server did not count them.
    pub is_exact: bool,
}

#[derive(Deserialize)]
struct WirePage<T> {
    data: Vec<T>,
    pagination: Pagination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    next_cursor: Option<String>,
    total: u64,
    total_is_exact: bool,
}

impl<T> From<WirePage<T>> for Page<T> {
    fn from(page: WirePage<T>) -> Self {
        let Pagination { next_cursor, total, total_is_exact } = page.pagination;
        Self { items: page.data, next_cursor, total: Total { count: total, is_exact: total_is_exact } }
    }
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    pub(super) fn new(client: Client, path: &'static str, parameters: Parameters) -> Self {
        let pages = try_unfold(Some(parameters), move |parameters| {
            let client = client.clone();
            async move {
                let Some(mut parameters) = parameters else { return Ok(None) };
                let path = format!("{path}{}", parameters.query()?.as_str());
                let page: Page<T> = client.ask::<WirePage<T>>(Call::get(path)).await?.into();
                let next = page.next_cursor.as_ref().map(|cursor| {
                    parameters.set_valid("cursor", cursor);
                    parameters
                });
                Ok(Some((page, next)))
            }
        });
        Self {
            source: pages.boxed(),
            items: Vec::new().into_iter(),
            next_cursor: None,
            total: None,
            left: usize::MAX,
        }
    }
}

impl<T> Pages<T> {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// What asking for the page failed with. [`Error::Request`] where the query is not valid: nothing was sent.
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        TryStreamExt::try_next(self).await
    }

    /// All items that are left, in memory.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next); what was read before is lost then.
    pub async fn collect(self) -> Result<Vec<T>, Error> {
        self.try_collect().await
    }

    /// No more than so many items. Pages stay as large as the query says.
    pub fn limit(mut self, items: usize) -> Self {
        self.left = items;
        self
    }

    /// The next page, or what is left of the one that is being read; `None` at the end. Pages are whole: a [`limit`](Self::limit)
    /// cuts none, so the last page may go beyond it.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub async fn next_page(&mut self) -> Result<Option<Page<T>>, Error> {
        let Some(first) = self.try_next().await? else { return Ok(None) };
        let items: Vec<T> = std::iter::once(first).chain(self.items.by_ref()).collect();
        self.left = self.left.saturating_sub(items.len() - 1);
        let total = self.total.unwrap_or(Total { count: 0, is_exact: false });
        Ok(Some(Page { items, next_cursor: self.next_cursor.clone(), total }))
    }

    /// How long the list is, once its first page was read.
    pub fn total(&self) -> Option<Total> {
        self.total
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            if let Some(item) = self.items.next() {
                self.left -= 1;
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.source.as_mut().poll_next(context)) {
                Some(Ok(page)) => {
                    self.items = page.items.into_iter();
                    self.next_cursor = page.next_cursor;
                    self.total = Some(page.total);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Nothing in it is pinned.
impl<T> Unpin for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("total", &self.total).finish_non_exhaustive()
    }
}
