//! The relay stand-in as the program that containers run.

use std::process::Stdio;
use std::time::Duration;

use lab::relay::{Device, Identity};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(10);

fn program(args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab-relay"));
    command.args(args.split_whitespace()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn it_serves_as_its_flags_say_until_it_is_terminated() {
    let dir = std::env::temp_dir().join(format!("lab-relay-program-{}", std::process::id()));
    let mut child = program(&format!(
        "-a 127.0.0.1:0 -http-port=-1 -stun -stun-port 0 -certmode manual -hostname 127.0.0.1 \
         -certdir {0}/certs -c {0}/derper.json -home blank",
        dir.display()
    ))
    .spawn()
    .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = timeout(LIMIT, log.next_line()).await.unwrap().unwrap().unwrap();
        if let Some((_, rest)) = line.split_once(" derper: serving on ") {
            break rest.strip_suffix(" with TLS").unwrap().parse().unwrap();
        }
    };
    let identity = Identity::random();
    let mut device = Device::connect(address, &identity).await.unwrap();
    let line = timeout(LIMIT, log.next_line()).await.unwrap().unwrap().unwrap();
    assert!(line.ends_with(&format!(": client {} accepted", identity.key())), "{line}");

    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    device.closed().await.unwrap();
    assert!(timeout(LIMIT, child.wait()).await.unwrap().unwrap().success());
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn it_does_not_start_with_a_flag_derper_lacks() {
    let output = timeout(LIMIT, program("-certmode manual -verify").output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "flag provided but not defined: -verify\n");
}
