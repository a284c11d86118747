//! SQL around a restore.
//!
//! While a restore is under way an empty schema `derpshop_restoring` stands in the database, made before the first
//! table and dropped together with what has to be said about the restore. So whoever starts after a restore that was
//! cut off knows.

use crate::db::StoreError;
use sqlx::{Connection, PgConnection, PgExecutor};

/// How far a restore got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// None is under way.
    None,
    /// It was cut off before anything was restored.
    Nothing,
    /// All is restored, but that it was is not yet said.
    Data,
}

/// Looks for a restore under way.
pub async fn progress(db: impl PgExecutor<'_>) -> Result<Progress, StoreError> {
    let (marked, filled) = sqlx::query!(
        r#"select to_regnamespace('derpshop_restoring') is not null as "marked!",
                  to_regclass('public.settings') is not null as "filled!""#
    )
    .fetch_one(db)
    .await
    .map(|row| (row.marked, row.filled))?;
    Ok(match (marked, filled) {
        (false, _) => Progress::None,
        (true, false) => Progress::Nothing,
        (true, true) => Progress::Data,
    })
}

/// How many tables, views and sequences there are, whoever made them.
pub async fn tables(db: impl PgExecutor<'_>) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
             and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')"#
    )
    .fetch_one(db)
    .await?)
}

/// How many others are connected to this database.
pub async fn other_sessions(db: impl PgExecutor<'_>) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"#
    )
    .fetch_one(db)
    .await?)
}

/// Marks that a restore is under way; drops all that was there if told to.
pub async fn begin(connection: &mut PgConnection, drop_all: bool) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await?;
    if drop_all {
        sqlx::query!(
            "do $$
             declare
                 name text;
             begin
                 for name in
                     select nspname from pg_namespace
                     where nspname !~ '^pg_' and nspname not in ('information_schema', 'derpshop_restoring')
                 loop
                     execute format('drop schema %I cascade', name);
                 end loop;
                 create schema public;
             end $$"
        )
        .execute(&mut *transaction)
        .await?;
    }
    sqlx::query!("create schema if not exists derpshop_restoring").execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Takes the mark away from a database into which nothing came.
pub async fn abandon(db: impl PgExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query!("drop schema if exists derpshop_restoring").execute(db).await?;
    Ok(())
}

/// Says in every shop's settings that it was restored, and takes the mark away, both or neither.
pub async fn finish(connection: &mut PgConnection) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await?;
    sqlx::query!(
        "insert into settings (tenant_id, key, value) select id, $1, 'true' from tenants
         on conflict (tenant_id, key) do update set value = 'true', updated_at = now()",
        crate::settings::Setting::RestorePendingConfirmation.key()
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("drop schema if exists derpshop_restoring").execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}
