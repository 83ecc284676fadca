//! The contracts of the ports as tests that every adapter passes.
//!
//! An adapter gives a fixture and names the suite; each case becomes a test of its own:
//!
//! ```
//! use std::sync::Arc;
//! use sspp_core::testing::contract::StoreFixture;
//! use sspp_core::MemoryStore;
//!
//! struct Memory(MemoryStore);
//!
//! #[async_trait::async_trait]
//! impl StoreFixture for Memory {
//!     type Store = MemoryStore;
//!     fn store(&self) -> Arc<MemoryStore> {
//!         Arc::new(self.0.clone())
//!     }
//!     async fn crash(&mut self) -> bool {
//!         false
//!     }
//! }
//!
//! async fn memory() -> Memory {
//!     Memory(MemoryStore::new())
//! }
//!
//! sspp_core::store_contract!(without housekeeping: memory);
//! # fn main() {}
//! ```

mod fixture;
pub mod queue;
pub mod store;

pub use fixture::{QueueFixture, StoreFixture};

/// Makes a test of every case of the queue's contract; give it an async function that makes a [`QueueFixture`]
/// around an empty queue. Needs tokio's macros and its multi-threaded runtime. With `all in one:` before it, the cases are
/// statements of one asynchronous test, for queues on a server that is slow to start; the function is then given the
/// case's name.
#[macro_export]
macro_rules! queue_contract {
    (all in one: $make:expr) => {
        $crate::queue_contract! { @list one $make }
    };
    ($make:expr) => {
        $crate::queue_contract! { @list each $make }
    };
    (@list $how:ident $make:expr) => {
        $crate::queue_contract! { @cases $how $make;
            delivers_what_was_enqueued
            delivers_each_job_to_one_receiver
            receive_takes_no_more_than_asked_for
            a_call_takes_only_so_many_bytes
            receive_wakes_when_a_job_arrives
            receive_gives_up_after_its_wait
            done_removes_the_job
            retry_comes_again_later_with_an_attempt_spent
            postpone_comes_again_later_with_no_attempt_spent
            no_delay_comes_again_at_once
            give_back_comes_again_at_once_unsuspected
            unsettled_jobs_are_reclaimed_as_suspects
            kept_jobs_are_not_reclaimed
            stale_receipts_do_nothing
            settling_twice_is_safe
            runs_are_counted_until_they_end
            depth_counts_every_state
            a_job_is_found_by_its_event
            the_latest_job_of_an_event_is_found
            recent_lists_the_last_enqueued_first
            a_full_queue_refuses
            a_dropped_receive_loses_nothing
            an_empty_call_does_nothing
            a_crash_loses_nothing
            runs_survive_a_crash
            many_producers_and_consumers_lose_nothing
            a_fence_parts_what_came_before_from_what_comes_after
            a_stamp_stays_with_its_job
            a_stamp_that_is_given_counts
            stamps_go_on_after_a_crash
            a_clock_is_shown
        }
    };
    (@cases one $make:expr; $($case:ident)*) => {
        $(
            {
                let mut fixture = $make(stringify!($case)).await;
                eprintln!("case {}", stringify!($case));
                $crate::contract::queue::$case(&mut fixture).await;
            }
        )*
    };
    (@cases each $make:expr; $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let mut fixture = $make().await;
                $crate::contract::queue::$case(&mut fixture).await;
            }
        )*
    };
}

/// Makes a test of every case of the store's contract; give it an async function that makes a [`StoreFixture`]
/// around an empty store. Needs tokio's macros and its multi-threaded runtime. With `all in one:` before it, the cases are
/// statements of one asynchronous test, for stores on a server that is slow to start; the function is then given the
/// case's name. With `without housekeeping:` before it, only what a pipeline needs is tested.
#[macro_export]
macro_rules! store_contract {
    (all in one: $make:expr) => {
        $crate::store_contract! { @list one $make }
    };
    (without housekeeping: $make:expr) => {
        $crate::store_contract! { @ports each $make }
    };
    ($make:expr) => {
        $crate::store_contract! { @list each $make }
    };
    (@list $how:ident $make:expr) => {
        $crate::store_contract! { @ports $how $make }
        $crate::store_contract! { @cases $how $make;
            old_signals_expire_oldest_first
            stats_equal_a_recount_after_expiry
            names_without_signals_are_no_longer_counted
            old_dead_letters_expire
            nothing_expires_where_nothing_is
            what_expired_stays_gone_after_a_crash
            expiring_while_recording_keeps_the_figures
            an_erased_account_is_gone_and_others_stay
            what_was_erased_does_not_come_back
            an_erasure_takes_what_was_recorded_before_whatever_its_times
            erasing_while_recording_leaves_nothing
            a_clock_that_was_wrong_dates_nothing_later
            what_is_received_has_the_stores_stamp
            what_is_received_after_an_erasure_began_is_kept
        }
    };
    (@ports $how:ident $make:expr) => {
        $crate::store_contract! { @cases $how $make;
            keeps_signals_as_they_came
            the_same_content_is_a_duplicate
            other_content_is_a_conflict
            a_batch_is_recorded_in_its_order
            keeps_dead_letters_as_they_came
            a_dead_letter_of_a_signal_is_a_duplicate
            a_signal_replaces_its_dead_letter
            an_id_belongs_to_the_content_that_came_first
            a_dead_letter_harms_no_other_content
            refused_data_records_nothing
            refused_data_harms_no_other_batch
            a_refused_batch_keeps_the_dead_letters
            concurrent_batches_count_each_event_once
            stats_equal_a_recount
            counts_are_exact_or_bounded
            filters_select
            lists_are_sorted
            offsets_skip
            pages_return_each_row_once
            models_are_kept_by_digest
            a_signal_without_its_model_is_not_recorded
            what_is_received_is_judged_as_what_is_recorded
            a_refused_signal_is_at_fault_only_where_an_ordinary_one_is_taken
            recent_dead_letters_come_last_first
            an_empty_store_answers
            a_crash_loses_nothing
            dead_letters_are_filtered_and_paged
            an_edited_dead_letter_has_another_content
            a_dead_letter_is_removed_once
            a_horizon_is_a_list_that_does_not_grow
            imported_signals_keep_what_they_say
        }
    };
    (@cases one $make:expr; $($case:ident)*) => {
        $(
            {
                let mut fixture = $make(stringify!($case)).await;
                eprintln!("case {}", stringify!($case));
                $crate::contract::store::keep_model(&mut fixture).await;
                $crate::contract::store::$case(&mut fixture).await;
            }
        )*
    };
    (@cases each $make:expr; $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let mut fixture = $make().await;
                $crate::contract::store::keep_model(&mut fixture).await;
                $crate::contract::store::$case(&mut fixture).await;
            }
        )*
    };
}
