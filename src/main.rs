//! The `derpshop` binary.

fn main() {}
