//! The `webhook` binary.

fn main() {}
