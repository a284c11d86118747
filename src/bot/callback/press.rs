//! Every button there is.

use super::presses;

presses! {
    /// The main menu.
    Home = "h",
    /// Ops: put an update that was set aside back into its lane.
    Unpark {
        /// Telegram's number of the update.
        update_id: i64,
    } = "unpark",
    /// Ops: start a failed job again.
    RetryJob {
        /// The job engine's number.
        job: i64,
    } = "job",
}
