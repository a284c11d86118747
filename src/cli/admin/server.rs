//! `admin server-add`.

use crate::account::AdminActor;
use crate::app::admin::servers::{self, Added};
use crate::app::admin::setup::{self, Start};
use crate::base::Base;
use crate::fleet::host::{HostKey, Hosts, SshTarget, SshUser};
use crate::fleet::server::{NewServer, ServerRef};
use crate::fleet::store::{kinds, regions};
use crate::secret::SecretString;
use crate::types::{RegionCode, ServerId};
use anyhow::{Context, bail, ensure};
use clap::Args;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

#[derive(Debug, Args)]
pub(in crate::cli) struct ServerAdd {
    /// Its address, as customers' devices reach it.
    address: Ipv4Addr,
    /// Where it stands, as in /servers: `tokyo`, `hongkong`…
    #[arg(long)]
    region: RegionCode,
    /// Its type, as in /`server_types`.
    #[arg(long = "type", value_name = "NAME")]
    kind: String,
    /// The port of its sshd.
    #[arg(long, default_value_t = 22)]
    ssh_port: u16,
    /// The login name: root, or one that may use sudo without a password.
    #[arg(long, default_value = "root")]
    user: SshUser,
    /// The fingerprint that the provider shows, or `ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub` on the server.
    /// Without it, the one that the server shows is printed, and nothing else is done.
    #[arg(long, value_name = "SHA256:…")]
    host_key: Option<HostKey>,
    /// Reads a password from standard input, and uses it once to let our key in. It is not kept.
    #[arg(long)]
    password_stdin: bool,
    /// Begins the set-up at once; a running `derpshop` does it.
    #[arg(long)]
    set_up: bool,
}

pub(super) async fn add(command: ServerAdd, base: &Base, operator: &AdminActor) -> anyhow::Result<()> {
    let app = &base.app;
    let address = IpAddr::from(command.address);
    let shown = base.hosts.scan(SocketAddr::new(address, command.ssh_port)).await?;
    let Some(expected) = &command.host_key else {
        println!("{address} shows the host key {shown}.");
        println!("If that is what the provider's console shows, run this again with --host-key {shown}");
        return Ok(());
    };
    ensure!(shown == *expected, "{address} shows another host key, {shown}: do not log in there");
    let region = regions::find(&app.pool, &command.region).await?;
    let region = region.with_context(|| format!("there is no region {}", command.region))?;
    let kind = kinds::find(&app.pool, &command.kind).await?;
    let kind = kind.with_context(|| format!("there is no server type {}", command.kind))?;
    if command.password_stdin {
        let_us_in(&command, base, address, &shown).await?;
    }
    let server = NewServer {
        address,
        ssh_port: command.ssh_port,
        ssh_user: command.user,
        host_key: shown,
        region: region.code,
        kind: kind.id,
        ports: app.shop.relay_ports,
    };
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let added = servers::add(app, &mut tx, operator, &server, now).await?;
    tx.commit().await?;
    let name = match added {
        Added::Yes(name) => {
            println!("Added as {name}, out of service until its set-up has passed.");
            name
        }
        Added::Exists(name) => {
            println!("It is there already, as {name}.");
            name
        }
    };
    if !command.set_up {
        println!("An admin sets it up with /server_setup {name}");
        return Ok(());
    }
    let reference = ServerRef::Address(address, Some(command.ssh_port));
    let found = servers::find(app, &reference).await?;
    let id = found.first().context("the server was removed meanwhile")?.server.id;
    match setup::start_now(app, operator, id).await? {
        Start::Begun(_) => println!("Its set-up has begun; the ops group is told of each step."),
        Start::GoesOn => println!("Its set-up goes on already."),
        Start::Leaving | Start::Gone => bail!("the server is being removed"),
    }
    Ok(())
}

async fn let_us_in(command: &ServerAdd, base: &Base, address: IpAddr, shown: &HostKey) -> anyhow::Result<()> {
    let mut password = String::new();
    std::io::stdin().lock().read_to_string(&mut password).context("no password on standard input")?;
    let password = SecretString::from(password.trim_end_matches(['\r', '\n']));
    let target = SshTarget {
        // It has no row yet; nothing is kept of this session.
        server: ServerId(0),
        address,
        port: command.ssh_port,
        user: command.user.clone(),
        host_key: shown.clone(),
    };
    Ok(base.hosts.install_key(&target, &password).await?)
}
