//! What stands behind an ACL code.

use crate::account::AclCode;
use crate::account::store::{self as accounts, By};
use crate::acl::{self, Acl};
use crate::app::{AppError, Core};
use crate::types::Lang;

/// The ACL behind a code, and the language of its owner.
#[derive(Debug)]
pub struct Page {
    /// The version in force.
    pub acl: Acl,
    /// The owner's language.
    pub lang: Lang,
}

/// Finds what a code stands for; `None` for a code of nobody, of a suspended user, or before the first relay runs.
pub async fn behind(core: &Core, text: &str) -> Result<Option<Page>, AppError> {
    let Ok(parsed) = text.parse::<AclCode>() else { return Ok(None) };
    let digest = parsed.digest(&core.lookup);
    let Some(tailnet) = accounts::tailnet_by_digest(&core.pool, core.tenant, digest).await? else {
        return Ok(None);
    };
    let Some(user) = accounts::find(&core.pool, core.tenant, By::Id(tailnet.user)).await? else {
        return Ok(None);
    };
    if user.is_banned || user.closed_at.is_some() {
        return Ok(None);
    }
    let mut conn = core.pool.acquire().await?;
    let acl = acl::store::active(&mut conn, tailnet.id).await?;
    Ok(acl.map(|acl| Page { acl, lang: user.lang }))
}
