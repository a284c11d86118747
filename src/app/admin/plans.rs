//! The first set of plans of a new shop.

use crate::account::AdminActor;
use crate::app::{AppError, Core};
use crate::audit::{self, Entry, Operation};
use crate::bytes::Bytes;
use crate::money::{Currency, Money};
use crate::plan::{Billing, NewPlan, store};
use crate::types::{Redundancy, Terms, Title};

const GIB: u64 = 1 << 30;

/// A plan of the first set; it is called after its days.
struct First {
    days: u32,
    gib: u64,
    devices: u32,
    redundancy: Redundancy,
    /// In fen.
    cny: i64,
    /// In Telegram Stars.
    stars: i64,
}

const SET: [First; 5] = [
    First { days: 3, gib: 10, devices: 3, redundancy: Redundancy::Single, cny: 590, stars: 59 },
    First { days: 5, gib: 20, devices: 5, redundancy: Redundancy::Single, cny: 890, stars: 89 },
    First { days: 30, gib: 100, devices: 10, redundancy: Redundancy::Single, cny: 2_990, stars: 299 },
    First { days: 90, gib: 100, devices: 10, redundancy: Redundancy::Single, cny: 7_990, stars: 799 },
    First { days: 365, gib: 200, devices: 20, redundancy: Redundancy::Dual, cny: 39_900, stars: 3_990 },
];

/// Days of the plan whose limits serials of odd lengths take.
const DEFAULT_DAYS: u32 = 30;

/// Makes the first set, titled by `title`. A shop that has plans is left alone. Answers how many were made.
pub async fn seed(
    core: &Core,
    admin: &AdminActor,
    title: impl Fn(u32, Redundancy) -> Title + Send,
) -> Result<usize, AppError> {
    let now = core.clock.now();
    let mut tx = core.pool.begin().await?;
    if !store::list(&mut tx, core.tenant).await?.is_empty() {
        return Ok(0);
    }
    for first in &SET {
        let terms = Terms {
            traffic_cap: Some(Bytes(first.gib * GIB)),
            max_upload: None,
            max_download: None,
            device_limit: first.devices,
            redundancy: first.redundancy,
        };
        let plan = NewPlan {
            name: format!("days-{}", first.days),
            title: title(first.days, first.redundancy),
            billing: Billing::Prepaid { days: first.days },
            terms,
            is_default: first.days == DEFAULT_DAYS,
            prices: vec![Money::new(first.cny, Currency::Cny), Money::new(first.stars, Currency::Xtr)],
        };
        store::add(&mut tx, core.tenant, &plan).await?;
    }
    audit::record(&mut tx, now, &Entry::new(core.tenant, admin, Operation::PlansSeed)).await?;
    tx.commit().await?;
    Ok(SET.len())
}
