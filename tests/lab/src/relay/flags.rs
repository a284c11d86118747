//! derper's command line: Go's flag syntax, and of derper's flags those that are given to our relays.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The command line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flags {
    /// `-a`: where to listen for TLS.
    pub listen: SocketAddr,
    /// `-http-port`: where to listen for plain HTTP; `None` for -1.
    pub http_port: Option<u16>,
    /// `-stun` and `-stun-port`.
    pub stun_port: Option<u16>,
    /// `-hostname`.
    pub hostname: String,
    /// `-certdir`.
    pub cert_dir: PathBuf,
    /// `-c`.
    pub config: PathBuf,
    /// `-mesh-psk-file`.
    pub mesh_psk_file: Option<PathBuf>,
    /// `-verify-client-url`.
    pub verify_url: Option<String>,
    /// `-verify-client-url-fail-open`.
    pub fail_open: bool,
    /// `-home`: whether `/` shows no banner.
    pub blank_home: bool,
}

/// A command line derper would not start with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// Go's own words for it.
    #[error("flag provided but not defined: -{0}")]
    Unknown(String),
    /// The last flag lacks its value.
    #[error("flag needs an argument: -{0}")]
    NoValue(String),
    /// A value of the wrong kind.
    #[error("invalid value {value:?} for flag -{flag}")]
    Value {
        /// The flag.
        flag: String,
        /// What was given.
        value: String,
    },
    /// Words that belong to no flag; after a boolean flag its value must follow `=`.
    #[error("arguments left over: {0:?}")]
    LeftOver(Vec<String>),
    /// The stand-in serves certificates from files only.
    #[error("this stand-in needs -certmode manual")]
    CertMode,
}

impl Flags {
    /// Reads the arguments after the program's name.
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, FlagError> {
        let mut flags = Self {
            listen: SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 443),
            http_port: Some(80),
            stun_port: None,
            hostname: "derp.tailscale.com".into(),
            cert_dir: "certs".into(),
            config: "/var/lib/derper/derper.key".into(),
            mesh_psk_file: None,
            verify_url: None,
            fail_open: true,
            blank_home: false,
        };
        let (mut stun, mut stun_port, mut cert_mode) = (true, 3478, String::from("letsencrypt"));
        let mut args = args.into_iter();
        while let Some(word) = args.next() {
            let Some(name) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
                return Err(FlagError::LeftOver([word].into_iter().chain(args).collect()));
            };
            let (name, inline) = match name.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (name.to_owned(), None),
            };
            if matches!(name.as_str(), "stun" | "verify-client-url-fail-open") {
                let on = boolean(&name, inline.as_deref())?;
                let set = if name == "stun" { &mut stun } else { &mut flags.fail_open };
                *set = on;
                continue;
            }
            let mut value =
                || inline.clone().or_else(|| args.next()).ok_or_else(|| FlagError::NoValue(name.clone()));
            match name.as_str() {
                "a" => flags.listen = typed(&name, &value()?, listen)?,
                "http-port" => flags.http_port = typed(&name, &value()?, port_or_off)?,
                "stun-port" => stun_port = typed(&name, &value()?, |text| text.parse().ok())?,
                "certmode" => cert_mode = value()?,
                "hostname" => flags.hostname = value()?,
                "certdir" => flags.cert_dir = value()?.into(),
                "c" => flags.config = value()?.into(),
                "mesh-psk-file" => flags.mesh_psk_file = some(value()?).map(PathBuf::from),
                "verify-client-url" => flags.verify_url = some(value()?),
                "home" => flags.blank_home = value()? == "blank",
                _ => return Err(FlagError::Unknown(name)),
            }
        }
        if cert_mode != "manual" {
            return Err(FlagError::CertMode);
        }
        flags.stun_port = stun.then_some(stun_port);
        Ok(flags)
    }
}

fn some(value: String) -> Option<String> {
    Some(value).filter(|text| !text.is_empty())
}

fn boolean(name: &str, inline: Option<&str>) -> Result<bool, FlagError> {
    match inline {
        None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some(value) => Err(FlagError::Value { flag: name.to_owned(), value: value.to_owned() }),
    }
}

fn typed<T>(name: &str, value: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, FlagError> {
    read(value).ok_or_else(|| FlagError::Value { flag: name.to_owned(), value: value.to_owned() })
}

/// `:port` is every address; else an address and a port.
fn listen(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix(':') {
        Some(port) => Some(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port.parse().ok()?)),
        None => text.parse().ok(),
    }
}

#[expect(clippy::option_option, reason = "the outer one is whether the text is a port or -1 at all")]
fn port_or_off(text: &str) -> Option<Option<u16>> {
    if text == "-1" { Some(None) } else { text.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, FlagError> {
        Flags::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_command_line_of_our_containers_is_understood() {
        let flags = parse(
            "-a :443 -http-port -1 -stun -stun-port 3478 -certmode manual -hostname 10.77.1.2 -certdir \
             /derp/certs -c /derp/derper.json -mesh-psk-file /derp/mesh.key -verify-client-url \
             http://10.77.1.1/derp/admit/T -verify-client-url-fail-open=false -home blank",
        );
        let wanted = Flags {
            listen: "[::]:443".parse().unwrap(),
            http_port: None,
            stun_port: Some(3478),
            hostname: "10.77.1.2".into(),
            cert_dir: "/derp/certs".into(),
            config: "/derp/derper.json".into(),
            mesh_psk_file: Some("/derp/mesh.key".into()),
            verify_url: Some("http://10.77.1.1/derp/admit/T".into()),
            fail_open: false,
            blank_home: true,
        };
        assert_eq!(flags, Ok(wanted));
    }

    #[test]
    fn defaults_and_forms_are_gos() {
        let flags = parse("--certmode=manual -a=127.0.0.1:0 -stun=false").unwrap();
        assert_eq!((flags.http_port, flags.stun_port, flags.fail_open), (Some(80), None, true));
        assert_eq!(flags.listen, "127.0.0.1:0".parse().unwrap());
        assert_eq!(parse("-certmode manual").unwrap().stun_port, Some(3478));
    }

    #[test]
    fn mistakes_are_told() {
        assert_eq!(parse("-verify"), Err(FlagError::Unknown("verify".into())));
        assert_eq!(parse("-certmode"), Err(FlagError::NoValue("certmode".into())));
        assert_eq!(parse("-certmode letsencrypt"), Err(FlagError::CertMode));
        let left_over = vec!["true".to_owned(), "-a".into(), ":1".into()];
        assert_eq!(parse("-stun true -a :1"), Err(FlagError::LeftOver(left_over)));
        let value =
            |flag: &str, value: &str| Err(FlagError::Value { flag: flag.into(), value: value.into() });
        assert_eq!(parse("-stun=maybe"), value("stun", "maybe"));
        assert_eq!(parse("-stun-port 70000"), value("stun-port", "70000"));
        assert_eq!(parse("-a 443"), value("a", "443"));
    }
}
