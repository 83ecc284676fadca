//! A TCP proxy between the processes and a server, for the faults of networks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of connections and of what they carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything goes through.
    Pass,
    /// Connections are ended at once.
    Refuse,
    /// Requests go through, answers do not: what was asked is done, and nobody is told.
    LoseAnswers,
    /// Nothing goes through, and nobody is told.
    BlackHole,
}

/// A proxy on a port of its own. Where it leads to may change, as when a server starts again elsewhere.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    upstream: Arc<Mutex<String>>,
    state: watch::Sender<(Mode, u64)>,
}

impl Proxy {
    pub(crate) async fn before(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = Arc::new(Mutex::new(upstream));
        let (state, states) = watch::channel((Mode::Pass, 0));
        let to = Arc::clone(&upstream);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = to.lock().unwrap_or_else(PoisonError::into_inner).clone();
                tokio::spawn(connect(client, server, states.clone()));
            }
        });
        Self { address, upstream, state }
    }

    pub(crate) fn lead_to(&self, upstream: String) {
        *self.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.0 = mode);
    }

    /// Ends every connection there is; new ones are made in the mode that is set.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.1 += 1);
    }
}

async fn connect(client: TcpStream, server: String, mut states: watch::Receiver<(Mode, u64)>) {
    let (mode, cuts) = *states.borrow();
    if mode == Mode::Refuse {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    drop(client.set_nodelay(true));
    drop(server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (requests, answers) = (states.clone(), states.clone());
    tokio::select! {
        () = carry(from_client, to_server, requests, &[Mode::BlackHole]) => {}
        () = carry(from_server, to_client, answers, &[Mode::BlackHole, Mode::LoseAnswers]) => {}
        _ = states.wait_for(|state| state.0 == Mode::Refuse || state.1 != cuts) => {}
    }
}

/// Carries bytes one way; in some modes they are lost.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    states: watch::Receiver<(Mode, u64)>,
    lost_in: &[Mode],
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if !lost_in.contains(&states.borrow().0) && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Each mode does what it says, over a server that echoes.
#[tokio::test]
async fn modes_do_what_they_say() {
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::before(echo.local_addr().unwrap().to_string()).await;
    let (heard, mut said) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = echo.accept().await {
            let heard = heard.clone();
            tokio::spawn(async move {
                let mut byte = [0];
                while socket.read_exact(&mut byte).await.is_ok() {
                    heard.send(byte[0]).unwrap();
                    socket.write_all(&byte).await.unwrap();
                }
            });
        }
    });
    let mut answer = [0];
    let mut socket = TcpStream::connect(proxy.address).await.unwrap();
    socket.write_all(b"a").await.unwrap();
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!((said.recv().await, answer), (Some(b'a'), [b'a']));
    proxy.set(Mode::LoseAnswers);
    socket.write_all(b"b").await.unwrap();
    assert_eq!(said.recv().await, Some(b'b'));
    proxy.cut();
    assert!(!matches!(socket.read(&mut answer).await, Ok(1)), "the answer got through");
    proxy.set(Mode::Refuse);
    let mut socket = TcpStream::connect(proxy.address).await.unwrap();
    assert!(!matches!(socket.read(&mut answer).await, Ok(1)));
    proxy.set(Mode::Pass);
    let mut socket = TcpStream::connect(proxy.address).await.unwrap();
    socket.write_all(b"c").await.unwrap();
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(said.recv().await, Some(b'c'));
}
