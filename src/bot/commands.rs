//! The commands that Telegram lists for people: per scope and language, from the locales.

use teloxide::payloads::{GetMyCommandsSetters, SetMyCommandsSetters};
use teloxide::requests::Requester;
use teloxide::types::{BotCommand, BotCommandScope, ChatId as TelegramChatId, Recipient};

use crate::adapters::telegram::{Telegram, send_error};
use crate::bot::ops::spec;
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

/// Whether a command of this name works in private chats.
pub fn is_private(name: &str) -> bool {
    PRIVATE.iter().any(|(private, _)| *private == name)
}

/// Lists the commands of private chats.
pub async fn register_private(telegram: &Telegram, texts: &Texts) -> Result<(), SendError> {
    register(telegram, texts, &PRIVATE, BotCommandScope::AllPrivateChats).await
}

/// Lists the commands of the ops group. Other groups find nothing.
pub async fn register_ops(telegram: &Telegram, texts: &Texts, group: ChatId) -> Result<(), SendError> {
    let chat_id = Recipient::Id(TelegramChatId(group.0));
    let commands: Vec<_> = spec::ALL.iter().map(|spec| (spec.name, spec.about)).collect();
    register(telegram, texts, &commands, BotCommandScope::Chat { chat_id }).await
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
