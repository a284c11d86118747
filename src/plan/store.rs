//! SQL of `plans` and `plan_prices`.

use sqlx::PgConnection;

use super::{Billing, NewPlan, Plan};
use crate::bytes::Bytes;
use crate::db::StoreError;
use crate::money::{Currency, Money};
use crate::types::{PlanId, Redundancy, TenantId, Terms, Title};

struct Row {
    id: i64,
    name: String,
    title: sqlx::types::Json<Title>,
    valid_days: Option<i32>,
    traffic_cap: Option<i64>,
    max_upload_traffic: Option<i64>,
    max_download_traffic: Option<i64>,
    device_limit: i32,
    redundancy: i16,
    visible: bool,
    is_default: bool,
    currencies: Vec<Currency>,
    minors: Vec<i64>,
}

impl TryFrom<Row> for Plan {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::Inconsistent { table: "plans", column, row: row.id };
        Ok(Self {
            id: PlanId(row.id),
            name: row.name,
            title: row.title.0,
            billing: match row.valid_days {
                Some(days) => {
                    Billing::Prepaid { days: u32::try_from(days).map_err(|_| wrong("valid_days"))? }
                }
                None => Billing::Hourly,
            },
            terms: Terms {
                traffic_cap: row.traffic_cap.map(Bytes::from_db),
                max_upload: row.max_upload_traffic.map(Bytes::from_db),
                max_download: row.max_download_traffic.map(Bytes::from_db),
                device_limit: u32::try_from(row.device_limit).map_err(|_| wrong("device_limit"))?,
                redundancy: Redundancy::from_number(row.redundancy).ok_or_else(|| wrong("redundancy"))?,
            },
            visible: row.visible,
            is_default: row.is_default,
            prices: row
                .minors
                .into_iter()
                .zip(row.currencies)
                .map(|(minor, c)| Money::new(minor, c))
                .collect(),
        })
    }
}

/// Every plan of the tenant, in the shop's order.
pub async fn list(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Plan>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select p.id, p.name, p.title as "title: sqlx::types::Json<Title>", p.valid_days, p.traffic_cap,
                  p.max_upload_traffic, p.max_download_traffic, p.device_limit, p.redundancy, p.visible, p.is_default,
                  array(select x.currency from plan_prices x where x.plan_id = p.id order by x.currency)
                      as "currencies!: Vec<Currency>",
                  array(select x.minor from plan_prices x where x.plan_id = p.id order by x.currency) as "minors!"
           from plans p where p.tenant_id = $1 order by p.sort, p.id"#,
        tenant.0,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Plan::try_from)
    .collect()
}

/// One plan of the tenant.
pub async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    plan: PlanId,
) -> Result<Option<Plan>, StoreError> {
    // A shop has a handful of plans: the one query for all of them serves.
    Ok(list(conn, tenant).await?.into_iter().find(|p| p.id == plan))
}

/// Stores a plan, or returns the one that has its name already.
pub async fn add(conn: &mut PgConnection, tenant: TenantId, plan: &NewPlan) -> Result<PlanId, StoreError> {
    let (billing, days) = match plan.billing {
        Billing::Prepaid { days } => ("prepaid", Some(i32::try_from(days).unwrap_or(i32::MAX))),
        Billing::Hourly => ("hourly", None),
    };
    let added = sqlx::query_scalar!(
        "insert into plans (tenant_id, name, title, billing, valid_days, traffic_cap, max_upload_traffic,
             max_download_traffic, device_limit, redundancy, is_default, sort)
         values ($1, $2, $3, ($4::text)::billing_mode, $5, $6, $7, $8, $9, $10, $11, coalesce($5, 0))
         on conflict (tenant_id, name) do nothing returning id",
        tenant.0,
        plan.name,
        sqlx::types::Json(&plan.title) as _,
        billing,
        days,
        plan.terms.traffic_cap.map(Bytes::to_db),
        plan.terms.max_upload.map(Bytes::to_db),
        plan.terms.max_download.map(Bytes::to_db),
        i32::try_from(plan.terms.device_limit).unwrap_or(i32::MAX),
        plan.terms.redundancy.number(),
        plan.is_default,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(id) = added else {
        let id = sqlx::query_scalar!(
            "select id from plans where tenant_id = $1 and name = $2",
            tenant.0,
            plan.name
        )
        .fetch_one(conn)
        .await?;
        return Ok(PlanId(id));
    };
    for price in &plan.prices {
        sqlx::query!(
            "insert into plan_prices (plan_id, currency, minor) values ($1, $2, $3)",
            id,
            price.currency() as Currency,
            price.minor(),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(PlanId(id))
}
