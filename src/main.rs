//! The `derpshop` binary: everything is in the library's `cli`.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    derpshop::cli::main().await
}
