//! Starts parts of the lab. One module per subcommand.

#[cfg(target_os = "linux")]
mod run_hosts;
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
    /// Servers with SSH and Docker, until SIGTERM or Ctrl-C. Root only.
    #[cfg(target_os = "linux")]
    Hosts(run_hosts::Hosts),
    /// The relay's image: builds it unless that has been done, prints its name, id and file.
    #[cfg(target_os = "linux")]
    RelayImage,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match Lab::parse().command {
        Command::Serve(serve) => serve.run().await,
        #[cfg(target_os = "linux")]
        Command::Hosts(hosts) => hosts.run().await,
        #[cfg(target_os = "linux")]
        Command::RelayImage => run_hosts::image().await,
    }
}
