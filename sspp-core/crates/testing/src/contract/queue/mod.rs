//! The contract of [`EventQueue`](sspp_engine::EventQueue), case by case.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "these functions are tests: they fail by panicking"
)]

mod claims;
mod delivery;
mod looking;
mod settling;
mod stamps;
mod steps;

pub use claims::{
    a_crash_loses_nothing, a_dropped_receive_loses_nothing, kept_jobs_are_not_reclaimed,
    runs_are_counted_until_they_end, runs_survive_a_crash, stale_receipts_do_nothing,
    unsettled_jobs_are_reclaimed_as_suspects,
};
pub use delivery::{
    a_call_takes_only_so_many_bytes, a_full_queue_refuses, an_empty_call_does_nothing,
    delivers_each_job_to_one_receiver, delivers_what_was_enqueued, many_producers_and_consumers_lose_nothing,
    receive_gives_up_after_its_wait, receive_takes_no_more_than_asked_for, receive_wakes_when_a_job_arrives,
};
pub use looking::{
    a_job_is_found_by_its_event, depth_counts_every_state, recent_lists_the_last_enqueued_first,
    the_latest_job_of_an_event_is_found,
};
pub use settling::{
    done_removes_the_job, give_back_comes_again_at_once_unsuspected, no_delay_comes_again_at_once,
    postpone_comes_again_later_with_no_attempt_spent, retry_comes_again_later_with_an_attempt_spent,
    settling_twice_is_safe,
};
pub use stamps::{
    a_clock_is_shown, a_fence_parts_what_came_before_from_what_comes_after, a_stamp_stays_with_its_job,
    a_stamp_that_is_given_counts, stamps_go_on_after_a_crash,
};
