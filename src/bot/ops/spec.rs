//! The commands of the ops group: names, places in /help, and how they are written.

use crate::i18n::{TextId, t};

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cmd {
    /// The list of servers.
    Servers,
    /// Add a server.
    ServerAdd,
    /// Set a server up.
    ServerSetup,
    /// Show or change a server.
    ServerEdit,
    /// Take a server out of service.
    ServerDrain,
    /// Remove a server.
    ServerRemove,
    /// Show or change server types.
    ServerTypes,
    /// Find a customer.
    User,
    /// What happened to a customer.
    History,
    /// Set a rental's end.
    Renew,
    /// Stop a rental's clock.
    Pause,
    /// Let it run again.
    Resume,
    /// Give a rental up.
    Release,
    /// Show, choose or resend a customer's ACL.
    Acl,
    /// Suspend an account.
    Ban,
    /// Restore it.
    Unban,
    /// Make serials.
    SerialGenerate,
    /// Look a serial up.
    Serial,
    /// The list of plans.
    Plans,
    /// Make this group the ops group.
    Bind,
    /// The list of commands.
    Help,
    /// The job queue.
    Jobs,
    /// Start a failed job again.
    Retry,
    /// The records.
    Audit,
}

/// The groups of /help, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Servers,
    Customers,
    Serials,
    Shop,
    System,
}

impl Group {
    pub(super) const ALL: [Self; 5] =
        [Self::Servers, Self::Customers, Self::Serials, Self::Shop, Self::System];

    pub(super) fn title(self) -> TextId {
        match self {
            Self::Servers => t("ops-group-servers"),
            Self::Customers => t("ops-group-customers"),
            Self::Serials => t("ops-group-serials"),
            Self::Shop => t("ops-group-shop"),
            Self::System => t("ops-group-system"),
        }
    }
}

/// What is said of a command.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Which.
    pub(super) cmd: Cmd,
    /// The word after the slash.
    pub name: &'static str,
    /// Where it stands in /help.
    pub(super) group: Group,
    /// What it does.
    pub about: TextId,
    /// How it is written.
    pub(super) usage: TextId,
    /// An example.
    pub(super) example: TextId,
    /// Whether it does something without arguments; else it then answers how it is written.
    pub(super) bare: bool,
}

macro_rules! specs {
    ($($cmd:ident $name:literal $group:ident $bare:literal $about:expr, $usage:expr, $example:expr;)+) => {
        /// Every command, in the order of /help.
        pub const ALL: &[Spec] = &[$(Spec {
            cmd: Cmd::$cmd,
            name: $name,
            group: Group::$group,
            about: $about,
            usage: $usage,
            example: $example,
            bare: $bare,
        }),+];
    };
}

specs! {
    Servers "servers" Servers true t("opscmd-servers"), t("opsuse-servers"), t("opsex-servers");
    ServerAdd "server_add" Servers false t("opscmd-server-add"), t("opsuse-server-add"), t("opsex-server-add");
    ServerSetup "server_setup" Servers false t("opscmd-server-setup"), t("opsuse-server-setup"), t("opsex-server-setup");
    ServerEdit "server_edit" Servers false t("opscmd-server-edit"), t("opsuse-server-edit"), t("opsex-server-edit");
    ServerDrain "server_drain" Servers false t("opscmd-server-drain"), t("opsuse-server-drain"), t("opsex-server-drain");
    ServerRemove "server_remove" Servers false t("opscmd-server-remove"), t("opsuse-server-remove"), t("opsex-server-remove");
    ServerTypes "server_types" Servers true t("opscmd-server-types"), t("opsuse-server-types"), t("opsex-server-types");
    User "user" Customers false t("opscmd-user"), t("opsuse-user"), t("opsex-user");
    History "history" Customers false t("opscmd-history"), t("opsuse-history"), t("opsex-history");
    Renew "renew" Customers false t("opscmd-renew"), t("opsuse-renew"), t("opsex-renew");
    Pause "pause" Customers false t("opscmd-pause"), t("opsuse-pause"), t("opsex-pause");
    Resume "resume" Customers false t("opscmd-resume"), t("opsuse-resume"), t("opsex-resume");
    Release "release" Customers false t("opscmd-release"), t("opsuse-release"), t("opsex-release");
    Acl "acl" Customers false t("opscmd-acl"), t("opsuse-acl"), t("opsex-acl");
    Ban "ban" Customers false t("opscmd-ban"), t("opsuse-ban"), t("opsex-ban");
    Unban "unban" Customers false t("opscmd-unban"), t("opsuse-unban"), t("opsex-unban");
    SerialGenerate "serial_generate" Serials false t("opscmd-serial-generate"), t("opsuse-serial-generate"), t("opsex-serial-generate");
    Serial "serial" Serials false t("opscmd-serial"), t("opsuse-serial"), t("opsex-serial");
    Plans "plans" Shop true t("opscmd-plans"), t("opsuse-plans"), t("opsex-plans");
    Bind "bind" System false t("opscmd-bind"), t("opsuse-bind"), t("opsex-bind");
    Help "help" System true t("opscmd-help"), t("opsuse-help"), t("opsex-help");
    Jobs "jobs" System true t("opscmd-jobs"), t("opsuse-jobs"), t("opsex-jobs");
    Retry "retry" System false t("opscmd-retry"), t("opsuse-retry"), t("opsex-retry");
    Audit "audit" System true t("opscmd-audit"), t("opsuse-audit"), t("opsex-audit");
}

/// The command of this name.
pub fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().find(|spec| spec.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Texts;
    use crate::types::Lang;

    #[test]
    fn every_command_is_written_as_its_name_and_its_example_too() {
        let texts = Texts::load();
        for spec in ALL {
            for lang in Lang::ALL {
                let words = texts.lang(lang);
                for text in [words.label(spec.usage), words.label(spec.example)] {
                    let name = text.split([' ', '\n']).next().unwrap_or_default();
                    assert_eq!(name, format!("/{}", spec.name));
                }
            }
            assert_eq!(find(spec.name).map(|found| found.cmd), Some(spec.cmd));
        }
    }
}
