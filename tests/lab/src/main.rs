//! Starts parts of the lab. One module per subcommand.

mod serve;

use clap::{Parser, Subcommand};

/// The simulated outside world of derpshop.
#[derive(Parser)]
#[command(name = "lab")]
struct Lab {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Telegram, mail and the pages to use them in the browser.
    Serve(serve::Serve),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match Lab::parse().command {
        Command::Serve(serve) => serve.run().await,
    }
}
