//! Server types: what servers of a kind cost and have.

use crate::account::AdminActor;
use crate::app::{AppError, Core};
use crate::audit::{self, Entry, Operation};
use crate::bytes::Bytes;
use crate::db::StoreError;
use crate::fleet::server::{ServerBilling, ServerType};
use crate::fleet::store::kinds;
use crate::money::Rate;
use crate::types::ServerTypeId;

/// The unique key of names.
const NAME_KEY: &str = "server_types_name_key";

/// One thing that an admin changes about a server type. `None` is unknown or unlimited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindEdit {
    /// How it is paid for.
    Billing(ServerBilling),
    /// Per day (yearly) or hour (hourly).
    Rate(Rate),
    /// Processor cores.
    Cores(Option<u32>),
    /// Memory in bytes.
    Memory(Option<Bytes>),
    /// Bits per second.
    Bandwidth(Option<u64>),
    /// Bytes per month.
    MonthlyTraffic(Option<Bytes>),
}

/// Adds a server type; `None` if the name is taken.
pub async fn add(
    app: &Core,
    admin: &AdminActor,
    name: &str,
    billing: ServerBilling,
    rate: Rate,
) -> Result<Option<ServerType>, AppError> {
    let kind = ServerType {
        id: ServerTypeId(0),
        name: name.to_owned(),
        billing,
        rate,
        cores: None,
        memory: None,
        bandwidth_bits: None,
        monthly_traffic: None,
    };
    let mut tx = app.pool.begin().await?;
    if kinds::find(&mut *tx, name).await?.is_some() {
        return Ok(None);
    }
    let id = match kinds::add(&mut *tx, &kind).await {
        Ok(id) => id,
        Err(error) if error.breaks(NAME_KEY) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    record(app, &mut tx, admin, id).await?;
    tx.commit().await?;
    Ok(Some(ServerType { id, ..kind }))
}

/// Changes one thing about the server type of this name; `None` if there is none.
pub async fn edit(
    app: &Core,
    admin: &AdminActor,
    name: &str,
    edit: KindEdit,
) -> Result<Option<ServerType>, AppError> {
    let mut tx = app.pool.begin().await?;
    let Some(mut kind) = kinds::find(&mut *tx, name).await? else { return Ok(None) };
    match edit {
        KindEdit::Billing(billing) => kind.billing = billing,
        KindEdit::Rate(rate) => kind.rate = rate,
        KindEdit::Cores(cores) => kind.cores = cores,
        KindEdit::Memory(memory) => kind.memory = memory,
        KindEdit::Bandwidth(bits) => kind.bandwidth_bits = bits,
        KindEdit::MonthlyTraffic(traffic) => kind.monthly_traffic = traffic,
    }
    kinds::update(&mut *tx, &kind).await?;
    record(app, &mut tx, admin, kind.id).await?;
    tx.commit().await?;
    Ok(Some(kind))
}

async fn record(
    app: &Core,
    tx: &mut sqlx::PgConnection,
    admin: &AdminActor,
    id: ServerTypeId,
) -> Result<(), StoreError> {
    let entry = Entry::new(app.tenant, admin, Operation::ServerTypeEdit).with("server_type_id", id);
    audit::record(tx, app.clock.now(), &entry).await
}
