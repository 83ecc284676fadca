//! What the owner of the file knows of its queue without asking SQLite: which jobs are held, by which reader, and which wait.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use sspp_engine::Receipt;
use sspp_engine::adapter::Stamps;

/// A hold on a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// The number of the delivery.
    delivery: u64,
    /// When it was delivered or last kept, in microseconds; `None` when it is orphaned.
    since: Option<i64>,
}

impl Claim {
    /// Its holder is gone, or never received it.
    const ORPHANED: Self = Self { delivery: 0, since: None };
}

/// The numbers that say which jobs can be received.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    /// Jobs in the file.
    pub(super) total: u64,
    /// The highest number given to a job.
    pub(super) last_seq: i64,
    /// Every job up to here was delivered at least once.
    pub(super) delivered_to: i64,
    /// No job comes again before this instant, in microseconds.
    pub(super) earliest_due: i64,
}

impl Marks {
    /// Reads them from the file.
    pub(super) async fn load(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let (total, last_seq, delivered_to, earliest_due): (i64, i64, i64, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM jobs), (SELECT coalesce(max(seq), 0) FROM jobs), delivered_to, \
             (SELECT min(due_at) FROM jobs WHERE due_at IS NOT NULL) FROM queue_state",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self {
            total: u64::try_from(total).unwrap_or(0),
            last_seq: last_seq.max(delivered_to),
            delivered_to,
            earliest_due: earliest_due.unwrap_or(i64::MAX),
        })
    }

    /// Reads which jobs the file has as held.
    pub(super) async fn in_hand(&self, connection: &mut SqliteConnection) -> sqlx::Result<Vec<i64>> {
        sqlx::query_scalar("SELECT seq FROM jobs WHERE seq <= ? AND due_at IS NULL")
            .bind(self.delivered_to)
            .fetch_all(connection)
            .await
    }
}

/// The queue's state in memory. It changes with the transaction that the writer runs and can be put back with it.
#[derive(Debug)]
pub(super) struct QueueState {
    pub(super) marks: Marks,
    pub(super) stamps: Stamps,
    claims: HashMap<i64, Claim>,
    /// How often the file was opened: part of every receipt, so that those of earlier processes are stale.
    opens: i64,
    deliveries: u64,
    claim_bound: i64,
    saved: Marks,
    undo: Vec<(i64, Option<Claim>)>,
}

impl QueueState {
    /// The state after opening: `suspects` are the jobs that the last process held when it died.
    pub(super) fn new(marks: Marks, stamps: Stamps, suspects: &[i64], opens: i64, claim_bound: i64) -> Self {
        let claims = suspects.iter().map(|seq| (*seq, Claim::ORPHANED)).collect();
        Self { marks, stamps, claims, opens, deliveries: 0, claim_bound, saved: marks, undo: Vec::new() }
    }

    /// Replaces the state by that of the file. A claim in memory stays only while the file has
    /// the job as held.
    pub(super) fn reload(&mut self, marks: Marks, in_hand: &[i64]) {
        let claim = |seq: &i64| (*seq, self.claims.get(seq).copied().unwrap_or(Claim::ORPHANED));
        self.claims = in_hand.iter().map(claim).collect();
        // Numbers are not used twice, even if the jobs that had them never came to be.
        let last_seq = marks.last_seq.max(self.marks.last_seq);
        self.marks = Marks { last_seq, ..marks };
        self.saved = self.marks;
        self.undo.clear();
    }

    /// Changes from here on belong to a transaction.
    pub(super) fn begin(&mut self) {
        self.saved = self.marks;
        self.undo.clear();
    }

    /// The transaction failed: puts everything back.
    pub(super) fn roll_back(&mut self) {
        self.marks = self.saved;
        while let Some((seq, claim)) = self.undo.pop() {
            match claim {
                Some(claim) => self.claims.insert(seq, claim),
                None => self.claims.remove(&seq),
            };
        }
    }

    /// Whether something can be received at an instant.
    pub(super) fn has_due(&self, now: i64) -> bool {
        self.marks.delivered_to < self.marks.last_seq || self.marks.earliest_due <= now
    }

    /// Claims a job for a new delivery.
    pub(super) fn claim(&mut self, seq: i64, now: i64) -> Receipt {
        self.deliveries += 1;
        let claim = Claim { delivery: self.deliveries, since: Some(now) };
        let before = self.claims.insert(seq, claim);
        self.undo.push((seq, before));
        Receipt::new(format!("{seq}-{}-{}", self.opens, self.deliveries))
    }

    /// The job of a receipt, when the receipt is not stale.
    pub(super) fn claimed(&self, receipt: &Receipt) -> Option<i64> {
        let mut parts = receipt.as_str().splitn(3, '-');
        let seq: i64 = parts.next()?.parse().ok()?;
        let opens: i64 = parts.next()?.parse().ok()?;
        let delivery: u64 = parts.next()?.parse().ok()?;
        let claim = self.claims.get(&seq)?;
        (opens == self.opens && claim.delivery == delivery).then_some(seq)
    }

    /// Ends the claim of a job.
    pub(super) fn release(&mut self, seq: i64) {
        if let Some(before) = self.claims.remove(&seq) {
            self.undo.push((seq, Some(before)));
        }
    }

    /// Renews a claim. No transaction needs to know.
    pub(super) fn keep(&mut self, receipt: &Receipt, now: i64) {
        if let Some(claim) = self.claimed(receipt).and_then(|seq| self.claims.get_mut(&seq)) {
            claim.since = Some(now);
        }
    }

    /// Jobs whose claim is older than the bound, the oldest jobs first.
    pub(super) fn expired(&mut self, now: i64, max: usize) -> Vec<i64> {
        let mut expired = Vec::new();
        for (seq, claim) in &mut self.claims {
            match &mut claim.since {
                // The clock was set back: the claim counts from now, or it would last that much longer.
                Some(since) if *since > now => *since = now,
                Some(since) if now - *since <= self.claim_bound => {}
                Some(_) | None => expired.push(*seq),
            }
        }
        expired.sort_unstable();
        expired.truncate(max);
        expired
    }

    /// Jobs that this process holds, to be given back when it ends in order.
    pub(super) fn in_hand(&self, now: i64) -> Vec<i64> {
        let held = |claim: &Claim| claim.since.is_some_and(|since| now - since <= self.claim_bound);
        self.claims.iter().filter(|(_, claim)| held(claim)).map(|(seq, _)| *seq).collect()
    }

    /// Whether a job is held.
    pub(super) fn is_active(&self, seq: i64) -> bool {
        self.claims.contains_key(&seq)
    }

    /// How many jobs are held.
    pub(super) fn active(&self) -> u64 {
        self.claims.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Marks = Marks { total: 3, last_seq: 3, delivered_to: 1, earliest_due: i64::MAX };

    fn state() -> QueueState {
        QueueState::new(MARKS, Stamps::default(), &[1], 7, 60)
    }

    #[test]
    fn a_failed_transaction_leaves_no_trace() {
        let mut state = state();
        state.begin();
        let receipt = state.claim(2, 100);
        state.begin();
        state.release(2);
        let other = state.claim(3, 100);
        state.claim(1, 100);
        state.marks.total = 0;
        state.roll_back();
        assert_eq!(state.claimed(&receipt), Some(2));
        assert_eq!(state.claimed(&other), None);
        assert_eq!(state.marks.total, 3);
        assert_eq!(state.expired(100, 9), [1], "the orphan is an orphan again");
    }

    /// A commit whose answer was lost landed: job 1 was settled, job 2 delivered; job 3 was in hand before.
    #[test]
    fn what_is_in_hand_is_what_the_file_says() {
        let mut state = state();
        let (settled, held) = (state.claim(1, 100), state.claim(3, 100));
        state.reload(MARKS, &[2, 3]);
        assert_eq!((state.claimed(&settled), state.claimed(&held)), (None, Some(3)));
        assert_eq!(state.expired(100, 9), [2]);
        assert_eq!(state.active(), 2);
    }

    #[test]
    fn a_receipt_of_an_earlier_delivery_or_process_is_stale() {
        let mut state = state();
        let first = state.claim(2, 0);
        let second = state.claim(2, 0);
        assert_eq!((state.claimed(&first), state.claimed(&second)), (None, Some(2)));
        assert_eq!(state.claimed(&Receipt::new("2-6-2")), None);
        assert_eq!(state.claimed(&Receipt::new("nonsense")), None);
    }

    #[test]
    fn a_clock_set_back_does_not_lengthen_a_claim_by_its_step() {
        let mut state = QueueState::new(MARKS, Stamps::default(), &[], 1, 60);
        state.claim(2, 3_600);
        assert!(state.expired(0, 9).is_empty());
        assert!(state.expired(60, 9).is_empty());
        assert_eq!(state.expired(61, 9), [2]);
    }
}
