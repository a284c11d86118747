//! A new file in `migrations` makes the crate be built again: `sqlx::migrate!` only notices changes of those it knows.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
