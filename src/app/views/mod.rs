//! Joined reads for screens: what a screen shows comes in one query, whatever the number of rows.

pub mod relays;
