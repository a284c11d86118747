//! A small derper stand-in.

fn main() {}
