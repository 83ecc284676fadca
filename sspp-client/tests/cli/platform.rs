//! A whole platform on a port of its own, over memory.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use poem::Server;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use sspp_api::{App, Metrics, Ports, Settings, service};
use sspp_core::ScoringModel;
use sspp_core::testing::store_in_memory;
use sspp_core::{
    ContentDigest, DeadLetter, DeadLetterId, DeadLetterReason, Envelope, Event, Record, SystemClock,
    SystemRandom, Timestamp,
};
use tokio_util::sync::CancellationToken;

/// Stops when it is dropped.
pub(crate) struct Platform {
    pub(crate) url: String,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Platform {
    pub(crate) fn start() -> Self {
        let (stop, (told, url)) = (CancellationToken::new(), mpsc::channel());
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(stopped, told));
        });
        Self { url: url.recv_timeout(Duration::from_secs(20)).unwrap(), stop, thread: Some(thread) }
    }
}

/// What a path answers, its headers included.
pub(crate) fn get(url: &str, path: &str) -> String {
    ask(url, "GET", path, "\r\n")
}

/// What a request is answered, of which `rest` are the further headers and the body.
pub(crate) fn ask(url: &str, method: &str, path: &str, rest: &str) -> String {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{rest}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn serve(stop: CancellationToken, told: mpsc::Sender<String>) {
    let ports = Ports {
        queue: None,
        queue_kind: "none",
        store: Arc::new(store_in_memory()),
        store_kind: "sqlite",
        model: ScoringModel::embedded_default(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::new()),
    };
    ports.store.record(vec![Record::DeadLetter(left_behind(&ports))]).await.unwrap();
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let address = acceptor.local_addr()[0].as_socket_addr().copied().unwrap();
    told.send(format!("http://{address}")).unwrap();
    let api = service(&App::new(ports, Settings::default(), Metrics::new()));
    let served = Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(
        api,
        stop.cancelled_owned(),
        Some(Duration::from_millis(100)),
    );
    served.await.unwrap();
}

/// A letter that an earlier release left behind, and that this one can make a signal of.
fn left_behind(ports: &Ports) -> DeadLetter {
    let event = Event::builder("left", "behind", "call_made", "2026-01-15T10:00:00Z").build().unwrap();
    let content = Some(ContentDigest::of(&event));
    let envelope = Envelope::new(event, ports.clock.now(), &*ports.random);
    let (event_id, at) = (envelope.event_id, Timestamp::from_datetime(ports.clock.now()));
    DeadLetter {
        id: DeadLetterId::of_event(event_id),
        event_id,
        content,
        payload: envelope.encode(),
        reason: DeadLetterReason::UnknownEventType,
        detail: "the model did not know it".to_owned(),
        attempts: 0,
        enqueued_at: at,
        died_at: at,
    }
}
