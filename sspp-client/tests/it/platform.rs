//! A whole platform on a port of its own, over memory: the API's service as it is, with a queue if that is wanted.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use poem::Server;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use sspp_api::{ApiKeys, App, Metrics, NewKey, Ports, Settings, service};
use sspp_client::{Client, DeadLetterId};
use sspp_core::ScoringModel;
use sspp_core::testing::store_in_memory;
use sspp_core::{
    ContentDigest, DeadLetter, DeadLetterReason, Envelope, Event, EventQueue, MemoryEventQueue, Record,
    SystemClock, SystemRandom, Timestamp,
};
use tokio_util::sync::CancellationToken;

use crate::{quick, run};

/// Stops when it is dropped.
pub(crate) struct Platform {
    pub(crate) url: String,
    ports: Ports,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Platform {
    /// Without a queue: what is sent is a signal at once.
    pub(crate) fn start() -> Self {
        Self::serving(Settings::default(), None)
    }

    /// With a queue, and without a pipeline: what is sent stays in the queue.
    pub(crate) fn idle() -> Self {
        Self::serving(Settings::default(), Some(Arc::new(MemoryEventQueue::new(Arc::new(SystemClock)))))
    }

    /// One that lets keys in, and a key of these scopes.
    pub(crate) fn with_key(scopes: &str) -> (Self, String) {
        let key = NewKey::make("test", scopes.parse().unwrap()).unwrap();
        let keys = Arc::new(ApiKeys::parse(&key.line()).unwrap());
        (Self::serving(Settings { keys, ..Settings::default() }, None), key.secret().to_owned())
    }

    fn serving(settings: Settings, queue: Option<Arc<dyn EventQueue>>) -> Self {
        let ports = Ports {
            queue,
            queue_kind: "memory",
            store: Arc::new(store_in_memory()),
            store_kind: "sqlite",
            model: ScoringModel::embedded_default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
        };
        let (stop, (told, url)) = (CancellationToken::new(), mpsc::channel());
        let (stopped, served) = (stop.clone(), ports.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(served, settings, stopped, told));
        });
        let url = url.recv_timeout(Duration::from_secs(20)).unwrap();
        Self { url, ports, stop, thread: Some(thread) }
    }

    pub(crate) fn client(&self) -> Client {
        quick(&self.url).build().unwrap()
    }

    /// Leaves dead letters about events of a type that the model knows by now: they can be replayed.
    pub(crate) fn leave_letters(&self, accounts: &[&str]) -> Vec<DeadLetterId> {
        let letter = |account: &&str| {
            let event = Event::builder(*account, "ada", "call_made", "2026-01-15T10:00:00Z").build().unwrap();
            let content = Some(ContentDigest::of(&event));
            let envelope = Envelope::new(event, self.ports.clock.now(), &*self.ports.random);
            let (event_id, at) = (envelope.event_id, Timestamp::from_datetime(self.ports.clock.now()));
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
        };
        let letters: Vec<DeadLetter> = accounts.iter().map(letter).collect();
        let ids = letters.iter().map(|letter| letter.id).collect();
        run(self.ports.store.record(letters.into_iter().map(Record::DeadLetter).collect())).unwrap();
        ids
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn serve(ports: Ports, settings: Settings, stop: CancellationToken, told: mpsc::Sender<String>) {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let address = acceptor.local_addr()[0].as_socket_addr().copied().unwrap();
    told.send(format!("http://{address}")).unwrap();
    let api = service(&App::new(ports, settings, Metrics::new()));
    let served = Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(
        api,
        stop.cancelled_owned(),
        Some(Duration::from_millis(100)),
    );
    served.await.unwrap();
}
