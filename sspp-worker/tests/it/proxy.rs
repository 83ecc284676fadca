//! A TCP proxy between the processes and a server, for the faults of networks.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
    /// Requests go through, answers do not: requests take effect, and the client gets no answer.
    LoseAnswers,
    /// No byte goes through, and neither side gets an error.
    BlackHole,
    /// Answers come so much later.
    Slow(Duration),
    /// Each connection is reset when it has carried so many more bytes of answers.
    ResetAfter(usize),
    /// A connection ends when a request with these bytes went through, whose answer is lost.
    CutAfter(&'static [u8]),
}

/// What all connections follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    mode: Mode,
    /// How often all connections were ended.
    cuts: u64,
    /// How often all connections were forgotten.
    forgotten: u64,
}

/// A proxy on a port of its own. Where it leads to may change, as when a server starts again elsewhere.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    upstream: Arc<Mutex<String>>,
    state: watch::Sender<State>,
    cut_after: Arc<AtomicU64>,
}

impl Proxy {
    pub(crate) async fn before(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = Arc::new(Mutex::new(upstream));
        let (state, states) = watch::channel(State { mode: Mode::Pass, cuts: 0, forgotten: 0 });
        let cut_after = Arc::new(AtomicU64::new(0));
        let (to, counter) = (Arc::clone(&upstream), Arc::clone(&cut_after));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = to.lock().unwrap_or_else(PoisonError::into_inner).clone();
                tokio::spawn(connect(client, server, states.clone(), Arc::clone(&counter)));
            }
        });
        Self { address, upstream, state, cut_after }
    }

    pub(crate) fn lead_to(&self, upstream: String) {
        *self.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    /// Ends every connection there is; new ones are made in the mode that is set.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Carries no more bytes on open connections, without an error; new ones are made in the mode that is set.
    pub(crate) fn forget(&self) {
        self.state.send_modify(|state| state.forgotten += 1);
    }

    /// How many connections [`Mode::CutAfter`] ended.
    pub(crate) fn cuts(&self) -> u64 {
        self.cut_after.load(Ordering::SeqCst)
    }
}

async fn connect(
    client: TcpStream,
    server: String,
    mut states: watch::Receiver<State>,
    cut_after: Arc<AtomicU64>,
) {
    let began = *states.borrow();
    if began.mode == Mode::Refuse {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    drop(client.set_nodelay(true));
    drop(server.set_nodelay(true));
    let ((from_client, mut to_client), (from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let over = |state: &State| state.mode == Mode::Refuse || state.cuts != began.cuts;
    let ended = {
        let requests = requests(from_client, &mut to_server, states.clone(), began.forgotten, &cut_after);
        let answers = answers(from_server, &mut to_client, states.clone(), began.forgotten);
        tokio::select! {
            ended = requests => ended,
            ended = answers => ended,
            _ = states.wait_for(over) => Ended::Closed,
        }
    };
    // Of a forgotten connection the one side does not hear either that the other side closes it.
    if states.borrow().forgotten != began.forgotten {
        drop(states.wait_for(over).await);
    }
    if matches!(ended, Ended::Reset) {
        // Without a farewell.
        drop(to_client.as_ref().set_zero_linger());
        to_client.forget();
    }
}

enum Ended {
    Closed,
    Reset,
}

async fn requests(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    states: watch::Receiver<State>,
    forgotten: u64,
    cut_after: &AtomicU64,
) -> Ended {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let state = *states.borrow();
        let request = &bytes[..count];
        if state.forgotten != forgotten || state.mode == Mode::BlackHole {
            continue;
        }
        if to.write_all(request).await.is_err() {
            break;
        }
        if let Mode::CutAfter(wanted) = state.mode
            && request.windows(wanted.len()).any(|window| window == wanted)
        {
            cut_after.fetch_add(1, Ordering::SeqCst);
            break;
        }
    }
    Ended::Closed
}

async fn answers(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    states: watch::Receiver<State>,
    forgotten: u64,
) -> Ended {
    let mut bytes = vec![0; 64 * 1024];
    let mut carried = 0;
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let state = *states.borrow();
        let mut answer = &bytes[..count];
        match state.mode {
            _ if state.forgotten != forgotten => continue,
            Mode::BlackHole | Mode::LoseAnswers => continue,
            Mode::Slow(time) => tokio::time::sleep(time).await,
            Mode::ResetAfter(most) => {
                answer = &answer[..count.min(most.saturating_sub(carried))];
                carried += count;
                if to.write_all(answer).await.is_err() || carried >= most {
                    return Ended::Reset;
                }
                continue;
            }
            Mode::Pass | Mode::Refuse | Mode::CutAfter(_) => carried = 0,
        }
        if to.write_all(answer).await.is_err() {
            break;
        }
    }
    Ended::Closed
}

/// Each mode does what it says, over a server that echoes.
#[tokio::test]
async fn modes_do_what_they_say() {
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::before(echo.local_addr().unwrap().to_string()).await;
    let (heard, mut said) = tokio::sync::mpsc::unbounded_channel();
    let (close, closing) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = echo.accept().await {
            let (heard, mut closing) = (heard.clone(), closing.clone());
            tokio::spawn(async move {
                let echoing = async {
                    let mut byte = [0];
                    while socket.read_exact(&mut byte).await.is_ok() {
                        heard.send(byte[0]).unwrap();
                        socket.write_all(&byte).await.unwrap();
                    }
                };
                tokio::select! {
                    () = echoing => {}
                    _ = closing.wait_for(|closing| *closing) => {}
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
    proxy.set(Mode::CutAfter(b"d"));
    let mut socket = TcpStream::connect(proxy.address).await.unwrap();
    socket.write_all(b"c").await.unwrap();
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!((said.recv().await, proxy.cuts()), (Some(b'c'), 0));
    socket.write_all(b"d").await.unwrap();
    assert!(!matches!(socket.read(&mut answer).await, Ok(1)));
    assert_eq!((said.recv().await, proxy.cuts()), (Some(b'd'), 1));
    proxy.set(Mode::ResetAfter(2));
    let mut socket = TcpStream::connect(proxy.address).await.unwrap();
    for byte in [b'e', b'f'] {
        socket.write_all(&[byte]).await.unwrap();
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(said.recv().await, Some(byte));
    }
    assert_eq!(socket.read(&mut answer).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    proxy.set(Mode::Pass);
    let mut forgotten = TcpStream::connect(proxy.address).await.unwrap();
    forgotten.write_all(b"g").await.unwrap();
    forgotten.read_exact(&mut answer).await.unwrap();
    assert_eq!(said.recv().await, Some(b'g'));
    proxy.forget();
    forgotten.write_all(b"h").await.unwrap();
    let mut socket = TcpStream::connect(proxy.address).await.unwrap();
    socket.write_all(b"i").await.unwrap();
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!((said.recv().await, answer), (Some(b'i'), [b'i']));
    // The server closes both connections; the client does not learn it of the forgotten one.
    close.send(true).unwrap();
    assert_eq!(socket.read(&mut answer).await.unwrap(), 0);
    assert_eq!(forgotten.try_read(&mut answer).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
