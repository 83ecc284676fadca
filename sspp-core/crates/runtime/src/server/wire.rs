//! A connection's bytes, and the time that a header block may take.
//!
//! hyper asks for a deadline whenever it begins to wait for a request. The one that it gets here runs from the request's first
//! byte; before that it only watches for silence, and a silent connection is taken back from hyper, so that it costs no buffers.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use hyper::rt::Timer;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// After so long a client that takes nothing of its answer is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// What is known of a connection that hyper serves.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// A byte came since hyper began to wait for a request.
    heard: AtomicBool,
    silent: AtomicBool,
    wrote: AtomicBool,
}

impl Signs {
    /// Whether nothing was heard for a while after the last answer.
    pub(super) fn silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Whether anything was sent to the client.
    pub(super) fn wrote(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }
}

/// The bytes of a connection that hyper serves. To shut it down is left to the one that gets the stream back.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    /// What was read before, and is part of the next request.
    unread: Bytes,
    /// Runs while the client takes nothing.
    stuck: Option<Pin<Box<Sleep>>>,
    signs: Arc<Signs>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, unread: Bytes, signs: Arc<Signs>) -> Self {
        Self { stream, unread, stuck: None, signs }
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Gives up a client that has taken nothing for too long.
    fn bounded(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if wrote.is_ready() {
            self.stuck = None;
            self.signs.wrote.store(true, Ordering::Relaxed);
            return wrote;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(WRITE_TIMEOUT)));
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        if self.unread.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_read(cx, into))?;
        } else {
            let some = self.unread.len().min(into.remaining());
            into.put_slice(&self.unread[..some]);
            self.unread.advance(some);
        }
        if into.filled().len() > before {
            self.signs.heard.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.bounded(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Gives hyper the deadlines of one connection.
#[derive(Debug)]
pub(super) struct HeadTimer {
    pub(super) signs: Arc<Signs>,
    pub(super) header_timeout: Duration,
    /// After so long without a byte the connection is silent.
    pub(super) silent_after: Duration,
}

impl Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.signs.heard.store(false, Ordering::Relaxed);
        Box::pin(HeadDeadline {
            sleep: sleep(self.silent_after),
            heard: false,
            header_timeout: self.header_timeout,
            signs: Arc::clone(&self.signs),
        })
    }

    fn sleep_until(&self, _: std::time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.sleep(self.header_timeout)
    }
}

pin_project! {
    /// Over when the header block takes too long; it never is before the block's first byte.
    #[derive(Debug)]
    struct HeadDeadline {
        #[pin]
        sleep: Sleep,
        heard: bool,
        header_timeout: Duration,
        signs: Arc<Signs>,
    }
}

impl Future for HeadDeadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if !*this.heard && this.signs.heard.load(Ordering::Relaxed) {
            *this.heard = true;
            this.sleep.as_mut().reset(Instant::now() + *this.header_timeout);
        }
        ready!(this.sleep.poll(cx));
        if *this.heard {
            return Poll::Ready(());
        }
        this.signs.silent.store(true, Ordering::Relaxed);
        Poll::Pending
    }
}

impl hyper::rt::Sleep for HeadDeadline {}
