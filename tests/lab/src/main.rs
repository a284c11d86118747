//! Starts the lab.

fn main() {}
