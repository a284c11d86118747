//! The commands that Telegram lists for people: per scope and language, from the locales.

use teloxide::payloads::{GetMyCommandsSetters, SetMyCommandsSetters};
use teloxide::requests::Requester;
use teloxide::types::{BotCommand, BotCommandScope, ChatId as TelegramChatId, Recipient};

use crate::adapters::telegram::{Telegram, send_error};
use crate::i18n::{TextId, Texts, t};
use crate::notify::SendError;
use crate::types::{ChatId, Lang};

/// What everybody finds in the private chat. /start is not listed: Telegram has a button for it.
const PRIVATE: [(&str, TextId); 7] = [
    ("menu", t("cmd-menu")),
    ("relays", t("cmd-relays")),
    ("redeem", t("cmd-redeem")),
    ("acl", t("cmd-acl")),
    ("lang", t("cmd-lang")),
    ("help", t("cmd-help")),
    ("terms", t("cmd-terms")),
];

/// What the ops group finds. Other groups find nothing.
const OPS: [(&str, TextId); 23] = [
    ("servers", t("opscmd-servers")),
    ("server_add", t("opscmd-server-add")),
    ("server_setup", t("opscmd-server-setup")),
    ("server_edit", t("opscmd-server-edit")),
    ("server_drain", t("opscmd-server-drain")),
    ("server_remove", t("opscmd-server-remove")),
    ("server_types", t("opscmd-server-types")),
    ("user", t("opscmd-user")),
    ("history", t("opscmd-history")),
    ("renew", t("opscmd-renew")),
    ("pause", t("opscmd-pause")),
    ("resume", t("opscmd-resume")),
    ("release", t("opscmd-release")),
    ("acl", t("opscmd-acl")),
    ("ban", t("opscmd-ban")),
    ("unban", t("opscmd-unban")),
    ("serial_generate", t("opscmd-serial-generate")),
    ("serial", t("opscmd-serial")),
    ("plans", t("opscmd-plans")),
    ("bind", t("opscmd-bind")),
    ("jobs", t("opscmd-jobs")),
    ("retry", t("opscmd-retry")),
    ("audit", t("opscmd-audit")),
];

/// Lists the commands of private chats.
pub async fn register_private(telegram: &Telegram, texts: &Texts) -> Result<(), SendError> {
    register(telegram, texts, &PRIVATE, BotCommandScope::AllPrivateChats).await
}

/// Lists the commands of the ops group.
pub async fn register_ops(telegram: &Telegram, texts: &Texts, group: ChatId) -> Result<(), SendError> {
    let chat_id = Recipient::Id(TelegramChatId(group.0));
    register(telegram, texts, &OPS, BotCommandScope::Chat { chat_id }).await
}

async fn register(
    telegram: &Telegram,
    texts: &Texts,
    commands: &[(&str, TextId)],
    scope: BotCommandScope,
) -> Result<(), SendError> {
    for lang in Lang::ALL {
        // English is for every language without a list of its own, so it has no code.
        let code = match lang {
            Lang::ZhCn => Some(lang.telegram_code()),
            Lang::En => None,
        };
        let words = texts.lang(lang);
        let wanted: Vec<BotCommand> =
            commands.iter().map(|(name, text)| BotCommand::new(*name, words.label(*text))).collect();
        let mut ask = telegram.bot().get_my_commands().scope(scope.clone());
        ask.language_code = code.map(str::to_owned);
        let listed = ask.await.map_err(|e| send_error(&e))?;
        if listed == wanted {
            continue;
        }
        let mut tell = telegram.bot().set_my_commands(wanted).scope(scope.clone());
        tell.language_code = code.map(str::to_owned);
        tell.await.map_err(|e| send_error(&e))?;
        tracing::info!(?scope, lang = lang.tag(), "commands listed");
    }
    Ok(())
}
