//! The end by Ctrl-C or SIGTERM: files stay whole, and a sentence says how to continue.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use indicatif::ProgressBar;

use crate::failure::Failure;

/// What there is to say and to do.
#[derive(Debug, Default)]
pub(crate) struct Farewell {
    /// How far it is, and how to continue.
    pub(crate) words: String,
    /// A file that is not whole yet.
    pub(crate) unfinished: Option<PathBuf>,
}

/// Watches for signals as long as the process lives.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    farewell: Arc<Mutex<Farewell>>,
}

impl Interrupt {
    /// Begins to watch. The first signal says farewell, the second ends the process at once.
    pub(crate) fn watch(bar: &ProgressBar) -> Result<Self, Failure> {
        let farewell = Arc::new(Mutex::new(Farewell::default()));
        let (watching, ready) = mpsc::channel();
        let (shared, bar) = (Arc::clone(&farewell), bar.clone());
        thread::spawn(move || listen(&watching, &shared, &bar));
        match ready.recv() {
            Ok(Ok(())) => Ok(Self { farewell }),
            Ok(Err(error)) => Err(Failure::new(format!("cannot watch for Ctrl-C: {error}"))),
            Err(error) => Err(Failure::new(format!("cannot watch for Ctrl-C: {error}"))),
        }
    }

    /// Does something that no signal may cut into two.
    pub(crate) fn whole<T>(&self, work: impl FnOnce(&mut Farewell) -> T) -> T {
        work(&mut self.farewell.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn listen(watching: &mpsc::Sender<std::io::Result<()>>, farewell: &Arc<Mutex<Farewell>>, bar: &ProgressBar) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let signals = runtime.and_then(|runtime| {
        let guard = runtime.enter();
        let signals = Signals::new()?;
        drop(guard);
        Ok((runtime, signals))
    });
    let (runtime, mut signals) = match signals {
        Ok(found) => found,
        Err(error) => return drop(watching.send(Err(error))),
    };
    drop(watching.send(Ok(())));
    let code = runtime.block_on(signals.next());
    let (farewell, bar) = (Arc::clone(farewell), bar.clone());
    // Elsewhere: work that is under way is waited for, and a second signal does not wait.
    thread::spawn(move || {
        let farewell = farewell.lock().unwrap_or_else(PoisonError::into_inner);
        bar.finish_and_clear();
        if let Some(path) = &farewell.unfinished {
            // It may be gone already.
            let _: std::io::Result<()> = std::fs::remove_file(path);
        }
        if !farewell.words.is_empty() {
            // Names of files may hold what moves the cursor.
            eprintln!("{}", farewell.words.replace(|c: char| c.is_control(), "\u{fffd}"));
        }
        std::process::exit(code);
    });
    std::process::exit(runtime.block_on(signals.next()));
}

/// The signals that end a process, by the exit codes that shells give them.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> i32 {
        // Without a handler, the system ends the process by itself.
        drop(tokio::signal::ctrl_c().await);
        130
    }
}
