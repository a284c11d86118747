//! SQL of `server_setups`.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::db::{StoreError, ensure_one};
use crate::fleet::setup_run::{ProblemRow, RunState, SetupRun, StepRow};
use crate::types::{ConfirmationId, ServerId, SetupId, TenantId, UserId};

/// Begins a run; `None` if one of the server goes on.
pub async fn begin(
    db: impl PgExecutor<'_>,
    server: ServerId,
    asked_by: Option<UserId>,
    restart_confirmed: bool,
    now: DateTime<Utc>,
) -> Result<Option<SetupId>, StoreError> {
    let id = sqlx::query_scalar!(
        r#"insert into server_setups (server_id, user_id, restart_confirmed, started_at)
           values ($1, $2, $3, $4)
           on conflict (server_id) where state = 'running' do nothing
           returning id as "id: SetupId""#,
        server.0,
        asked_by.map(|user| user.0),
        restart_confirmed,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(id)
}

/// Ends a run that nobody works on any more, so that another can begin: it began before `before`.
pub async fn end_lost(
    db: impl PgExecutor<'_>,
    server: ServerId,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"update server_setups set state = 'failed', problem = '{"code": "lost"}', finished_at = $3
           where server_id = $1 and state = 'running' and started_at < $2"#,
        server.0,
        before,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A run on a server of the tenant.
pub async fn get(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: SetupId,
) -> Result<Option<SetupRun>, StoreError> {
    let row = sqlx::query!(
        r#"select u.server_id as "server_id: ServerId", u.user_id, u.state as "state: RunState",
                  u.steps as "steps: Json<Vec<StepRow>>", u.problem as "problem: Json<ProblemRow>",
                  u.restart_confirmed, u.confirmation_id, u.started_at
           from server_setups u join servers s on s.id = u.server_id
           where s.tenant_id = $1 and u.id = $2"#,
        tenant.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| SetupRun {
        id,
        server: row.server_id,
        asked_by: row.user_id.map(UserId),
        state: row.state,
        steps: row.steps.0,
        problem: row.problem.map(|problem| problem.0),
        restart_confirmed: row.restart_confirmed,
        confirmation: row.confirmation_id.map(ConfirmationId),
        started_at: row.started_at,
    }))
}

/// Keeps how far a run is.
pub async fn keep_steps(db: impl PgExecutor<'_>, id: SetupId, steps: &[StepRow]) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update server_setups set steps = $2 where id = $1 and state = 'running'",
        id.0,
        Json(steps) as _
    )
    .execute(db)
    .await?;
    ensure_one(&done, "server_setups")
}

/// Ends a run. A problem, and the question that goes with it, are those of one that failed.
pub async fn end(
    db: impl PgExecutor<'_>,
    id: SetupId,
    problem: Option<&ProblemRow>,
    confirmation: Option<ConfirmationId>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let state = if problem.is_some() { RunState::Failed } else { RunState::Passed };
    let done = sqlx::query!(
        "update server_setups set state = $2, problem = $3, confirmation_id = $4, finished_at = $5
         where id = $1 and state = 'running'",
        id.0,
        state as RunState,
        problem.map(Json) as _,
        confirmation.map(|id| id.0),
        now
    )
    .execute(db)
    .await?;
    ensure_one(&done, "server_setups")
}
