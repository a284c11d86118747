//! Serials: made in batches, given out as a file, looked up.

use chrono::{DateTime, Utc};

use crate::account::AdminActor;
use crate::account::store::{self as accounts, By};
use crate::app::views::relays::{self, Relay};
use crate::app::{App, AppError, Core};
use crate::audit::{self, Entry, Operation};
use crate::plan::store as plans;
use crate::plan::{Billing, Plan};
use crate::secret::SecretError;
use crate::serial::store::{self as serials, BatchHead};
use crate::serial::{NewSerial, Serial, SerialCode, SerialDigest, SerialState};
use crate::types::{BatchId, Title, UserId};

/// The most serials in a batch.
pub const MOST: u32 = 10_000;
/// The most days of a serial.
pub const MOST_DAYS: u32 = 3660;
/// Serials made or opened before others get a turn: a public-key operation for each.
const TURN: usize = 100;

/// What serials are made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worth {
    /// A plan, by the name that admins type.
    Plan(String),
    /// So many days: of the visible plan that has them, else with the default plan's limits.
    Days(u32),
}

/// A batch of serials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its row.
    pub id: BatchId,
    /// Its plan's names.
    pub plan: Title,
    /// Days of each serial.
    pub days: u32,
    /// How many.
    pub count: u32,
}

/// Why no batch was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No plan has this name.
    NoPlan {
        /// The names there are.
        known: Vec<String>,
    },
    /// No visible plan has these days, and there is no default plan.
    NoDays,
    /// The plan is charged by the hour.
    Hourly {
        /// Its names.
        plan: Title,
    },
}

/// Makes a batch. A second call with the same `request` answers with the batch of the first.
pub async fn generate(
    app: &Core,
    admin: &AdminActor,
    worth: &Worth,
    count: u32,
    request: Option<&str>,
) -> Result<Result<Batch, Refused>, AppError> {
    let mut conn = app.pool.acquire().await?;
    if let Some(request) = request
        && let Some(id) = serials::batch_by_request(&mut conn, app.tenant, request).await?
        && let Some(batch) = batch(app, id).await?
    {
        return Ok(Ok(batch));
    }
    let all = plans::list(&mut conn, app.tenant).await?;
    drop(conn);
    let (plan, days) = match choose(&all, worth) {
        Ok(chosen) => chosen,
        Err(refused) => return Ok(Err(refused)),
    };
    let made = make(app, count).await;
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let head = BatchHead {
        plan: plan.id,
        days,
        terms: plan.terms,
        created_by: admin.user(),
        redeem_by: None,
        request: request.map(str::to_owned),
    };
    let id = serials::insert_batch(&mut tx, app.tenant, &head, &made, now).await?;
    let entry = Entry::new(app.tenant, admin, Operation::SerialGenerate)
        .with("batch_id", id)
        .with("plan_id", plan.id)
        .with("days", days)
        .with("count", count);
    audit::record(&mut tx, now, &entry).await?;
    tx.commit().await?;
    Ok(Ok(Batch { id, plan: plan.title.clone(), days, count }))
}

/// The plan and days that serials are made for.
fn choose<'a>(all: &'a [Plan], worth: &Worth) -> Result<(&'a Plan, u32), Refused> {
    match worth {
        Worth::Plan(name) => {
            let Some(plan) = all.iter().find(|plan| plan.name.eq_ignore_ascii_case(name)) else {
                return Err(Refused::NoPlan { known: all.iter().map(|plan| plan.name.clone()).collect() });
            };
            match plan.billing {
                Billing::Prepaid { days } => Ok((plan, days)),
                Billing::Hourly => Err(Refused::Hourly { plan: plan.title.clone() }),
            }
        }
        Worth::Days(days) => {
            let same = |plan: &&Plan| plan.visible && plan.billing == Billing::Prepaid { days: *days };
            let plan = all.iter().find(same).or_else(|| all.iter().find(|plan| plan.is_default));
            plan.map(|plan| (plan, *days)).ok_or(Refused::NoDays)
        }
    }
}

async fn make(app: &Core, count: u32) -> Vec<NewSerial> {
    let mut made = Vec::new();
    for at in 0..usize::try_from(count).unwrap_or_default() {
        if at % TURN == 0 {
            tokio::task::yield_now().await;
        }
        let code = SerialCode::generate(&*app.random);
        let digest = SerialDigest::of(&app.lookup, &code);
        made.push(NewSerial {
            digest,
            sealed: app.seal.seal(&digest.row(), code.reveal().as_bytes()),
            masked: code.masked(),
        });
    }
    made
}

/// A batch of the tenant.
pub async fn batch(app: &Core, id: BatchId) -> Result<Option<Batch>, AppError> {
    let mut conn = app.pool.acquire().await?;
    let Some(found) = serials::batch(&mut conn, app.tenant, id).await? else { return Ok(None) };
    let plan = plans::find(&mut conn, app.tenant, found.plan).await?;
    Ok(plan.map(|plan| Batch { id, plan: plan.title, days: found.days, count: found.count }))
}

/// The codes of a batch, for the file that is given out: each with the payload of its redeem link.
pub async fn codes(app: &App, admin: &AdminActor, batch: BatchId) -> Result<Vec<(String, String)>, AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let sealed = serials::codes(&mut tx, app.tenant, batch).await?;
    let entry = Entry::new(app.tenant, admin, Operation::SerialFile).with("batch_id", batch);
    audit::record(&mut tx, now, &entry).await?;
    tx.commit().await?;
    let mut codes = Vec::with_capacity(sealed.len());
    for (at, (digest, sealed)) in sealed.iter().enumerate() {
        if at % TURN == 0 {
            tokio::task::yield_now().await;
        }
        let plain = app.open.open(&digest.row(), sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| SecretError::WrongRow)?;
        let code = SerialCode::parse(text).map_err(|_| SecretError::WrongRow)?;
        codes.push((code.reveal(), code.start_payload()));
    }
    Ok(codes)
}

/// A serial with what admins see of it.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The serial.
    pub serial: Serial,
    /// Its plan's names.
    pub plan: Title,
    /// By whom, when and for what it was redeemed.
    pub used: Option<Used>,
}

/// A redemption.
#[derive(Clone, Debug)]
pub struct Used {
    /// By whom.
    pub user: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What its days went to.
    pub relay: Option<Relay>,
}

/// Looks a serial up for an admin: no guess is counted.
pub async fn look(app: &Core, _admin: &AdminActor, code: &SerialCode) -> Result<Option<Looked>, AppError> {
    let mut conn = app.pool.acquire().await?;
    let digest = SerialDigest::of(&app.lookup, code);
    let Some(serial) = serials::find(&mut conn, app.tenant, digest).await? else { return Ok(None) };
    let Some(plan) = plans::find(&mut conn, app.tenant, serial.plan).await? else { return Ok(None) };
    let rental = serials::rental_of(&mut conn, serial.id).await?;
    drop(conn);
    let used = match serial.state {
        SerialState::Used { by, at } | SerialState::Expired { used: Some((by, at)), .. } => Some((by, at)),
        SerialState::Unused { .. } | SerialState::Expired { used: None, .. } | SerialState::Revoked => None,
    };
    let used = match used {
        None => None,
        Some((by, at)) => {
            let relay = match rental {
                Some(id) => relays::one(app, by, id).await?,
                None => None,
            };
            Some(Used { user: name_of(app, by).await?, at, relay })
        }
    };
    Ok(Some(Looked { serial, plan: plan.title, used }))
}

async fn name_of(app: &Core, id: UserId) -> Result<String, AppError> {
    let user = accounts::find(&app.pool, app.tenant, By::Id(id)).await?;
    Ok(user.map_or_else(|| id.to_string(), |user| user.username.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PlanId, Redundancy, Terms};

    fn plan(id: i64, name: &str, billing: Billing, visible: bool, is_default: bool) -> Plan {
        let title = Title { zh_cn: name.to_owned(), en: name.to_owned() };
        let terms = Terms {
            traffic_cap: None,
            max_upload: None,
            max_download: None,
            device_limit: 10,
            redundancy: Redundancy::Single,
        };
        let (id, name) = (PlanId(id), name.to_owned());
        Plan { id, name, title, billing, terms, visible, is_default, prices: Vec::new() }
    }

    #[test]
    fn days_mean_the_visible_plan_of_those_days_else_the_default_plans_limits() {
        let days = |days| Billing::Prepaid { days };
        let all = [
            plan(1, "hidden-30", days(30), false, false),
            plan(2, "std-30", days(30), true, true),
            plan(3, "std-365", days(365), true, false),
            plan(4, "hourly", Billing::Hourly, true, false),
        ];
        let chosen = |worth| choose(&all, &worth).map(|(plan, days)| (plan.id.0, days));
        assert_eq!(chosen(Worth::Days(30)), Ok((2, 30)));
        assert_eq!(chosen(Worth::Days(365)), Ok((3, 365)));
        assert_eq!(chosen(Worth::Days(7)), Ok((2, 7)));
        assert_eq!(chosen(Worth::Plan("STD-365".into())), Ok((3, 365)));
        assert_eq!(chosen(Worth::Plan("hidden-30".into())), Ok((1, 30)));
        assert!(matches!(chosen(Worth::Plan("hourly".into())), Err(Refused::Hourly { .. })));
        assert!(matches!(chosen(Worth::Plan("x".into())), Err(Refused::NoPlan { .. })));
        assert_eq!(choose(&all[..1], &Worth::Days(7)).unwrap_err(), Refused::NoDays);
    }
}
