//! What a handler of the ops group has: who asks, proven to be an admin, and the ways to answer.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::spec::Spec;
use crate::account::{AdminActor, User};
use crate::app::App;
use crate::app::admin::confirm::{self, Act};
use crate::app::admin::customers::{self, Found};
use crate::app::admin::servers;
use crate::app::views::relays::Relay;
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::press;
use crate::fleet::server::ServerRef;
use crate::fleet::store::servers::Listed;
use crate::i18n::{Html, TextId, Words, args, format, t};
use crate::notify::{Attachment, Button, Keyboard, Outgoing};
use crate::types::RentalId;

/// A message takes 4096 UTF-16 units once shown.
const LONGEST: usize = 4096;
/// A caption takes 1024.
const LONGEST_CAPTION: usize = 1024;

/// What is said in the group.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) text: Html,
    pub(super) keyboard: Keyboard,
    pub(super) attachment: Option<Attachment>,
}

impl Answer {
    /// A text alone.
    pub(super) fn new(text: Html) -> Self {
        Self { text, ..Self::default() }
    }

    /// Adds a row of buttons; an empty one adds nothing.
    pub(super) fn row(mut self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let row: Vec<Button> = buttons.into_iter().collect();
        if !row.is_empty() {
            self.keyboard.push(row);
        }
        self
    }

    /// Adds a file.
    pub(super) fn attach(mut self, name: String, content: impl Into<bytes::Bytes>) -> Self {
        self.attachment = Some(Attachment::Document { name, content: content.into() });
        self
    }
}

impl From<Answer> for Outgoing {
    /// What is too long for a message becomes a file, and so loses nothing.
    fn from(answer: Answer) -> Self {
        let plain = answer.text.to_plain();
        let length = plain.encode_utf16().count();
        let limit = if answer.attachment.is_some() { LONGEST_CAPTION } else { LONGEST };
        let (text, attachment) = if length <= limit {
            (answer.text, answer.attachment)
        } else {
            let first = plain.lines().next().unwrap_or_default();
            let caption: String = first.chars().take(LONGEST_CAPTION / 2).collect();
            let file = Attachment::Document { name: "answer.txt".to_owned(), content: plain.into() };
            (Html::escape(&caption), answer.attachment.or(Some(file)))
        };
        let message = Outgoing::text(text).keyboard(answer.keyboard);
        match attachment {
            Some(attachment) => message.attach(attachment),
            None => message,
        }
    }
}

/// Why a handler ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// This is the answer.
    Say(Box<Answer>),
    /// All was said.
    Told,
    /// The fault is ours.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What handlers answer.
pub(super) type Said<T = Answer> = Result<T, Stop>;

/// An admin at work in the ops group.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    /// Where and how to answer, in the admin's language.
    pub(super) ctx: &'a Ctx,
    /// The proof.
    pub(super) admin: AdminActor,
}

impl Desk<'_> {
    pub(super) fn app(&self) -> &App {
        &self.ctx.app
    }

    pub(super) fn words(&self) -> Words<'_> {
        self.ctx.words()
    }

    /// In a group every reader sees the same times: the shop's.
    pub(super) fn zone(&self) -> Tz {
        self.app().shop.time_zone
    }

    pub(super) fn moment(&self, at: DateTime<Utc>) -> String {
        format::moment(at, self.zone())
    }

    /// Says one thing and ends.
    pub(super) fn stop(text: Html) -> Stop {
        Stop::Say(Box::new(Answer::new(text)))
    }

    /// How a command is written.
    pub(super) fn usage(&self, spec: &Spec) -> Html {
        let words = self.words();
        words.format(
            t("ops-usage"),
            &args().text("usage", words.label(spec.usage)).text("example", words.label(spec.example)),
        )
    }

    /// What is wrong with a command's arguments, and how it is written.
    pub(super) fn wrong(&self, spec: &Spec, reason: Html) -> Stop {
        Self::stop(Html::join([reason, self.usage(spec)], "\n"))
    }

    /// What is wrong with a number.
    pub(super) fn wrong_number(&self, spec: &Spec, given: &str, least: u32, most: u32) -> Stop {
        let values = args().text("given", given).text("least", least).text("most", most);
        self.wrong(spec, self.words().format(t("ops-wrong-number"), &values))
    }

    /// A name that nothing has, where there are some to choose from.
    pub(super) fn unknown(&self, id: TextId, given: &str, known: &[String]) -> Html {
        self.words().format(id, &args().text("given", given).text("known", known.join(", ")))
    }

    /// The one server that a word means.
    pub(super) async fn server(&self, spec: &Spec, word: &str) -> Said<Listed> {
        let words = self.words();
        let mut found = match word.parse::<ServerRef>() {
            Ok(reference) => servers::find(self.app(), &reference).await?,
            Err(_) => Vec::new(),
        };
        if found.len() > 1 {
            let names: Vec<String> = found.iter().map(|listed| listed.server.name().to_string()).collect();
            let values = args().text("given", word).text("names", names.join(", "));
            return Err(Self::stop(words.format(t("ops-wrong-server-many"), &values)));
        }
        found
            .pop()
            .ok_or_else(|| self.wrong(spec, words.format(t("ops-wrong-server"), &args().text("given", word))))
    }

    /// The one customer that a word means.
    pub(super) async fn customer(&self, spec: &Spec, word: &str) -> Said<User> {
        match customers::find(self.app(), word).await? {
            Found::One(user) => Ok(*user),
            Found::Maybe(users) => {
                let rows = Html::join(users.iter().map(|user| self.user_row(user)), "\n");
                let values = args().text("given", word).html("rows", rows);
                Err(Self::stop(self.words().format(t("ops-wrong-customer-many"), &values)))
            }
            Found::Nobody => Err(self.nobody(spec, word)),
        }
    }

    /// No customer is meant by a word.
    pub(super) fn nobody(&self, spec: &Spec, word: &str) -> Stop {
        self.wrong(spec, self.words().format(t("ops-wrong-customer"), &args().text("given", word)))
    }

    /// A customer in a list.
    pub(super) fn user_row(&self, user: &User) -> Html {
        let words = self.words();
        let email = user.email.as_ref().map(ToString::to_string);
        words.format(
            t("ops-user-row"),
            &args()
                .text("user", &user.username)
                .text("id", user.id)
                .text("email", email.unwrap_or_else(|| words.label(t("ops-user-none")))),
        )
    }

    /// The rental that a word means, and whose it is.
    pub(super) async fn rental(&self, spec: &Spec, word: &str) -> Said<(User, Relay)> {
        let found = match word.parse::<RentalId>() {
            Ok(id) => customers::rental(self.app(), id).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| {
            self.wrong(spec, self.words().format(t("ops-wrong-rental"), &args().text("given", word)))
        })
    }

    /// Asks whether an act is meant. Only who asks can confirm it, once.
    pub(super) async fn ask(&self, text: Html, act: &Act, lifetime: chrono::TimeDelta) -> Said {
        let words = self.words();
        let id = confirm::ask(self.app(), &self.ctx.user, act, lifetime).await?;
        let by = words.format(
            t("ops-confirm-by"),
            &args().text("who", &self.ctx.sender.name).number("minutes", lifetime.num_minutes()),
        );
        let go = match act {
            Act::AddServer { .. } | Act::HostKey { .. } => t("btn-ops-fingerprint"),
            Act::RemoveServer { .. }
            | Act::SetUp { .. }
            | Act::Renew { .. }
            | Act::Release { .. }
            | Act::Ban { .. }
            | Act::AclOff { .. } => t("btn-ops-run"),
        };
        Ok(Answer::new(Html::join([text, by], "\n")).row([
            press(words.label(go), &Press::OpsConfirm { id }),
            press(words.label(t("btn-cancel")), &Press::OpsCallOff { id }),
        ]))
    }
}
