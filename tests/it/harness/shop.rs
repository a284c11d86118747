//! An installation of its own, worked by the program as an operator would.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use derpshop::config::Config;

use super::tempfile;

/// One installation: a data folder with a private database in it.
pub(crate) struct Shop {
    dir: PathBuf,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let dir = tempfile();
        fs::write(dir.join("derpshop.toml"), format!("data_dir = '{}'", dir.display()))
            .expect("it can be written");
        Self { dir }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn config(&self) -> Config {
        let path = self.file("derpshop.toml");
        let text = fs::read_to_string(&path).expect("the settings are there");
        Config::parse(Some((&path, &text)), Vec::new()).expect("the settings are right")
    }

    /// Adds to the settings.
    pub(crate) fn set(&self, more: &str) {
        let path = self.file("derpshop.toml");
        let text = fs::read_to_string(&path).expect("the settings are there");
        fs::write(path, format!("{text}\n{more}")).expect("they can be written");
    }

    /// The program with these arguments, about to run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_derpshop"));
        command.env_clear().arg("--config").arg(self.file("derpshop.toml")).args(arguments);
        command
    }

    /// Runs the program to its end.
    pub(crate) fn derpshop(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs a command that has to work; returns what it said.
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let output = self.derpshop(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Runs a command that has to be refused; returns why.
    pub(crate) fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.derpshop(arguments);
        assert!(!output.status.success(), "{arguments:?} was not refused");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.dir).expect("the test's folder can go");
    }
}
