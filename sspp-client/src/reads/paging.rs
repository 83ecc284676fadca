//! Lists that are longer than a page.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{Stream, TryStreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::parameters::Parameters;
use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;

/// A list of the server's. The next page is asked for when the one before is used up. After an error the list is not at its end: the next
/// call asks for the same page again.
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
    ask: Box<dyn Fn(Parameters) -> PageFuture<T> + Send>,
    /// Of the next page; none after the last.
    next: Option<Parameters>,
    pending: Option<PageFuture<T>>,
    items: std::vec::IntoIter<T>,
    next_cursor: Option<String>,
    total: Option<Total>,
    left: usize,
}

type PageFuture<T> = BoxFuture<'static, Result<Page<T>, Error>>;

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
///     println!("{} signals, continue with {:?}", page.items.len(), page.next_cursor);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the list continues, for the query's `cursor`; none on the last page.
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
        let ask = move |parameters: Parameters| {
            let client = client.clone();
            let page = async move {
                let path = format!("{path}{}", parameters.query()?.as_str());
                Ok(client.ask::<WirePage<T>>(Call::get(path)).await?.into())
            };
            page.boxed()
        };
        Self {
            ask: Box::new(ask),
            next: Some(parameters),
            pending: None,
            items: Vec::new().into_iter(),
            next_cursor: None,
            total: None,
            left: usize::MAX,
        }
    }
}

impl<T> Pages<T> {
    /// No more than so many items, and no larger a page than that.
    pub fn limit(mut self, items: usize) -> Self {
        self.left = items;
        self
    }

    /// Where the list continues after the page that is being read, for the query's `cursor`; none on the last page, and before the first.
    pub fn cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    /// How long the list is, once its first page was read.
    pub fn total(&self) -> Option<Total> {
        self.total
    }

    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// What the request for the page failed with; called again, it asks again. [`Error::Request`] where the query is not valid: nothing was
    /// sent.
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

    /// The next page, or what is left of the one that is being read; `None` at the end.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub async fn next_page(&mut self) -> Result<Option<Page<T>>, Error> {
        if !std::future::poll_fn(|context| self.poll_page(context)).await? {
            return Ok(None);
        }
        let items: Vec<T> = std::mem::take(&mut self.items).collect();
        self.left -= items.len();
        let total = self.total.unwrap_or(Total { count: 0, is_exact: false });
        Ok(Some(Page { items, next_cursor: self.next_cursor.clone(), total }))
    }

    /// Whether there is an item, once there is, or the list is at its end.
    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        while self.items.len() == 0 {
            let Some(parameters) = self.next.as_ref().filter(|_| self.left > 0) else {
                return Poll::Ready(Ok(false));
            };
            let pending = self.pending.get_or_insert_with(|| {
                let mut parameters = parameters.clone();
                parameters.shorten(self.left);
                (self.ask)(parameters)
            });
            let answer = ready!(pending.poll_unpin(context));
            self.pending = None;
            let Page { mut items, next_cursor, total } = answer?;
            let next = self.next.take().zip(next_cursor.as_ref());
            self.next = next.map(|(mut parameters, cursor)| {
                parameters.set_unchecked("cursor", cursor);
                parameters
            });
            items.truncate(self.left);
            self.items = items.into_iter();
            self.next_cursor = next_cursor;
            self.total = Some(total);
        }
        Poll::Ready(Ok(true))
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match ready!(self.poll_page(context)) {
            Ok(true) => {
                self.left -= 1;
                self.items.next().map(Ok)
            }
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        })
    }
}

/// Nothing in it is pinned.
impl<T> Unpin for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("total", &self.total).finish_non_exhaustive()
    }
}
