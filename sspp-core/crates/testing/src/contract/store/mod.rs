//! The contract of [`Store`](sspp_engine::Store), case by case.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these functions are tests: they fail by panicking"
)]

mod at_fault;
mod batches;
mod erasing;
mod expiry;
mod horizon;
mod letters;
mod lists;
mod recording;
mod steps;

pub use at_fault::a_refused_signal_is_at_fault_only_where_an_ordinary_one_is_taken;
pub use batches::{
    a_crash_loses_nothing, a_refused_batch_keeps_the_dead_letters, concurrent_batches_count_each_event_once,
    refused_data_harms_no_other_batch, refused_data_records_nothing, stats_equal_a_recount,
};
pub use erasing::{
    an_erased_account_is_gone_and_others_stay, an_erasure_takes_what_was_recorded_before_whatever_its_times,
    erasing_while_recording_leaves_nothing, what_was_erased_does_not_come_back,
};
pub use expiry::{
    expiring_while_recording_keeps_the_figures, names_without_signals_are_no_longer_counted,
    nothing_expires_where_nothing_is, old_dead_letters_expire, old_signals_expire_oldest_first,
    stats_equal_a_recount_after_expiry, what_expired_stays_gone_after_a_crash,
};
pub use horizon::{a_horizon_is_a_list_that_does_not_grow, imported_signals_keep_what_they_say};
pub use letters::{
    a_dead_letter_is_removed_once, a_mended_dead_letter_has_another_content,
    dead_letters_are_filtered_and_paged,
};
pub use lists::{
    counts_are_exact_or_bounded, filters_select, lists_are_sorted, offsets_skip, pages_return_each_row_once,
};
pub use recording::{
    a_batch_is_recorded_in_its_order, a_clock_that_was_wrong_dates_nothing_later,
    a_dead_letter_harms_no_other_content, a_dead_letter_of_a_signal_is_a_duplicate,
    a_signal_replaces_its_dead_letter, a_signal_without_its_model_is_not_recorded, an_empty_store_answers,
    an_id_belongs_to_the_content_that_came_first, keeps_dead_letters_as_they_came,
    keeps_signals_as_they_came, models_are_kept_by_digest, other_content_is_a_conflict,
    recent_dead_letters_come_last_first, the_same_content_is_a_duplicate,
};

/// Keeps the model that the signals of the [builders](crate::builders::signal) name.
pub async fn keep_model(fixture: &mut dyn crate::contract::StoreFixture) {
    fixture.store().put_model(&crate::builders::model(0)).await.unwrap();
}
