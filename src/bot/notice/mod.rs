//! The text of each notice, made when it is sent: in the recipient's language, from the rows of that time.

mod account;
mod ops;
mod rental;

use std::sync::Arc;

use async_trait::async_trait;

use crate::account::store::{self as accounts, By};
use crate::account::{EmailCodeId, User};
use crate::app::App;
use crate::bot::ops::setup_message;
use crate::i18n::{Texts, Words};
use crate::notify::{Audience, Notice, Outgoing, Renderer};

/// Makes notices' texts.
#[derive(Clone, Debug)]
pub struct Notices {
    app: Arc<App>,
    texts: Arc<Texts>,
}

impl Notices {
    /// Over the shop's rows and texts.
    pub fn new(app: Arc<App>, texts: Arc<Texts>) -> Self {
        Self { app, texts }
    }

    /// The ops group reads the shop's own language.
    fn ops_words(&self) -> Words<'_> {
        self.texts.lang(self.app.shop.language)
    }
}

#[async_trait]
impl Renderer for Notices {
    async fn render(&self, notice: &Notice, to: Audience) -> anyhow::Result<Option<Outgoing>> {
        let user = match to {
            Audience::User(id) => accounts::find(&self.app.pool, self.app.tenant, By::Id(id)).await?,
            Audience::Chat(_) | Audience::Ops => None,
        };
        match user {
            // Nobody is written to about rentals of an account that is closed.
            Some(user) if user.closed_at.is_some() => Ok(None),
            Some(user) => self.to_user(notice, &user).await,
            None => self.to_ops(notice).await,
        }
    }
}

impl Notices {
    async fn to_user(&self, notice: &Notice, user: &User) -> anyhow::Result<Option<Outgoing>> {
        let words = self.texts.lang(user.lang);
        match notice {
            Notice::Provision { rental_id } => rental::provision(&self.app, words, user, *rental_id).await,
            Notice::AclReady { acl_id } => rental::acl_ready(&self.app, words, user, *acl_id).await,
            Notice::Renewed { rental_id, old_end, new_end } => {
                rental::renewed(&self.app, words, user, *rental_id, *old_end, *new_end).await
            }
            Notice::RentalEnded { rental_id } => rental::ended(&self.app, words, user, *rental_id).await,
            Notice::RentalPaused { rental_id } => rental::paused(&self.app, words, user, *rental_id).await,
            Notice::RentalResumed { rental_id } => rental::resumed(&self.app, words, user, *rental_id).await,
            Notice::RentalReleased { rental_id } => {
                rental::released(&self.app, words, user, *rental_id).await
            }
            Notice::DeviceOverLimit { rental_id, node_key, ip, until } => {
                rental::device_over_limit(&self.app, words, user, *rental_id, node_key, ip.as_deref(), *until)
                    .await
            }
            Notice::CodeNotDelivered { code_id, reply } => {
                account::code_not_delivered(&self.app, words, user, EmailCodeId(*code_id), *reply).await
            }
            Notice::ProvisionFailed { .. }
            | Notice::RelayReport { .. }
            | Notice::ServerSetup { .. }
            | Notice::ServerRemoved { .. }
            | Notice::ServerTrouble { .. }
            | Notice::StrangersHeld { .. }
            | Notice::AuditHead { .. }
            | Notice::AuditBroken { .. }
            | Notice::UpdateParked { .. }
            | Notice::JobFailed { .. }
            | Notice::MessageRefused { .. } => Ok(None),
        }
    }

    async fn to_ops(&self, notice: &Notice) -> anyhow::Result<Option<Outgoing>> {
        let words = self.ops_words();
        match notice {
            Notice::ProvisionFailed { rental_id, container_id } => {
                ops::provision_failed(&self.app, words, *rental_id, *container_id).await
            }
            Notice::RelayReport { user_id, rental_id, reference, results } => {
                ops::relay_report(&self.app, words, *user_id, *rental_id, reference, results).await
            }
            Notice::ServerSetup { setup_id } => setup_message(&self.app, words, *setup_id).await,
            Notice::ServerRemoved { name } => Ok(Some(ops::server_removed(words, name))),
            Notice::ServerTrouble { server_id, trouble } => {
                Ok(Some(ops::server_trouble(words, *server_id, trouble)))
            }
            Notice::StrangersHeld { server_id } => Ok(Some(ops::strangers(words, *server_id))),
            Notice::UpdateParked { update_id, lane_id, .. } => {
                Ok(Some(ops::update_parked(words, *update_id, *lane_id)))
            }
            Notice::JobFailed { job_id } => Ok(Some(ops::job_failed(words, *job_id))),
            Notice::MessageRefused { outbox_id } => Ok(Some(ops::message_refused(words, *outbox_id))),
            Notice::AuditHead { day, records, head } => {
                Ok(Some(ops::audit_head(words, *day, *records, head)))
            }
            Notice::AuditBroken { seq } => Ok(Some(ops::audit_broken(words, *seq))),
            Notice::Provision { .. }
            | Notice::AclReady { .. }
            | Notice::CodeNotDelivered { .. }
            | Notice::Renewed { .. }
            | Notice::RentalEnded { .. }
            | Notice::RentalPaused { .. }
            | Notice::RentalResumed { .. }
            | Notice::RentalReleased { .. }
            | Notice::DeviceOverLimit { .. } => Ok(None),
        }
    }
}
