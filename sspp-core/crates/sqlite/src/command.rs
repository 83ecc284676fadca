//! What callers ask the writer to do, and how each gets its answer.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::failure::Failure;
use sspp_engine::{Erased, Erasure, NewSignal, Record, Recorded, StoreError};
use sspp_events::{Clock, ContentDigest, DeadLetterId, Timestamp};
use sspp_scoring::ModelRecord;

/// What is to be recorded together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    /// Of events that are received now: the clock that stamps them.
    pub(super) clock: Option<Arc<dyn Clock>>,
}

/// What is to become of one letter.
#[derive(Debug, Clone)]
pub(super) enum LetterChange {
    /// It gets another payload, if it still has this one.
    Edit { id: DeadLetterId, held: Vec<u8>, payload: bytes::Bytes, content: ContentDigest },
    /// It goes.
    Remove(DeadLetterId),
}

/// One step of retention: up to `max` rows from before an instant, the oldest first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry {
    pub(super) kind: Expiring,
    pub(super) before: Timestamp,
    pub(super) max: u32,
}

/// What a step of retention removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiring {
    Signals,
    DeadLetters,
}

impl Expiry {
    /// About how many rows it touches.
    fn rows(self) -> usize {
        usize::try_from(self.max).unwrap_or(usize::MAX)
    }
}

/// A caller's command. It is answered when its transaction is durable.
#[derive(Debug)]
pub(super) struct Ask<W, T, E> {
    pub(super) work: W,
    answer: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<W, T, E: From<Failure>> Ask<W, T, E> {
    /// Notes the answer, to be sent after the commit.
    pub(super) fn answer(&mut self, answer: Result<T, E>) {
        self.answer = Some(answer);
    }

    fn finish(self, outcome: Result<(), &Failure>) {
        let answer = match (outcome, self.answer) {
            (Err(failure), _) => Err(failure.clone().into()),
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(Failure::closed().into()),
        };
        // The caller gave up, so its answer is dropped.
        let _ = self.reply.send(answer);
    }
}

/// Everything the writer does.
#[derive(Debug)]
pub(super) enum Command {
    /// Whether the file can be written now.
    Ping(Ask<(), (), Failure>),
    Record(Ask<Batch, Vec<Recorded>, StoreError>),
    IsAtFault(Ask<(NewSignal, bytes::Bytes), bool, StoreError>),
    Expire(Ask<Expiry, u32, StoreError>),
    ChangeLetter(Ask<LetterChange, bool, StoreError>),
    BeginErasure(Ask<Erasure, (), StoreError>),
    EraseStep(Ask<u32, Option<Erased>, StoreError>),
    PutModel(Ask<ModelRecord, (), StoreError>),
    /// A part of the newest signals comes into the indexes, and all into the figures.
    Index,
    Close(oneshot::Sender<()>),
}

impl Command {
    /// About how many rows it touches; this limits the size of a transaction.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Record(ask) => ask.work.records.len(),
            Self::Expire(ask) => ask.work.rows(),
            Self::EraseStep(ask) => usize::try_from(ask.work).unwrap_or(usize::MAX),
            Self::ChangeLetter(_) | Self::BeginErasure(_) | Self::IsAtFault(_) | Self::PutModel(_) => 1,
            Self::Ping(_) | Self::Index | Self::Close(_) => 0,
        }
    }

    /// Sends the noted answer, or the failure that undid the transaction.
    pub(super) fn finish(self, outcome: Result<(), &Failure>) {
        match self {
            Self::Ping(ask) => ask.finish(outcome),
            Self::Record(ask) => ask.finish(outcome),
            Self::IsAtFault(ask) => ask.finish(outcome),
            Self::Expire(ask) => ask.finish(outcome),
            Self::ChangeLetter(ask) => ask.finish(outcome),
            Self::BeginErasure(ask) => ask.finish(outcome),
            Self::EraseStep(ask) => ask.finish(outcome),
            Self::PutModel(ask) => ask.finish(outcome),
            Self::Index => {}
            Self::Close(reply) => {
                let _ = reply.send(());
            }
        }
    }
}

/// The callers' end of the writer.
#[derive(Debug, Clone)]
pub(super) struct WriterHandle {
    commands: mpsc::Sender<Command>,
}

impl WriterHandle {
    /// A handle and the writer's end. Callers wait while this many commands are not yet taken.
    pub(super) fn new(capacity: usize) -> (Self, mpsc::Receiver<Command>) {
        let (commands, taken) = mpsc::channel(capacity);
        (Self { commands }, taken)
    }

    /// Hands work to the writer and waits for the answer. If the caller stops waiting, the work is done anyway.
    pub(super) async fn ask<W, T, E: From<Failure>>(
        &self,
        wrap: fn(Ask<W, T, E>) -> Command,
        work: W,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let command = wrap(Ask { work, answer: None, reply });
        self.commands.send(command).await.map_err(|_| Failure::closed())?;
        answer.await.unwrap_or_else(|_| Err(Failure::closed().into()))
    }

    /// Asks the writer to finish what it has and to end; returns when it has.
    pub(super) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).await.is_ok() {
            // An error says that the writer is gone already.
            let _ = done.await;
        }
    }
}
