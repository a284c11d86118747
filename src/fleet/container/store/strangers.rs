//! SQL of `strangers`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::db::StoreError;
use crate::fleet::reconcile::Stranger;
use crate::types::ServerId;

/// The strangers met on a server so far, and which of them an admin gave up.
pub async fn of_server(
    conn: &mut PgConnection,
    server: ServerId,
) -> Result<Vec<(Stranger, bool)>, StoreError> {
    let rows = sqlx::query!(
        r#"select docker_id, rounds, first_seen, approved_at is not null as "approved!"
           from strangers where server_id = $1"#,
        server.0,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = StoreError::Inconsistent { table: "strangers", column: "docker_id", row: server.0 };
            let id = row.docker_id.parse().map_err(|_| wrong)?;
            let rounds = u32::try_from(row.rounds).unwrap_or(0);
            Ok((Stranger { id, rounds, first_seen: row.first_seen }, row.approved))
        })
        .collect()
}

/// Keeps what this round met; those that are gone are forgotten.
pub async fn keep(conn: &mut PgConnection, server: ServerId, met: &[Stranger]) -> Result<(), StoreError> {
    let ids: Vec<String> = met.iter().map(|stranger| stranger.id.as_str().to_owned()).collect();
    let rounds: Vec<i32> = met.iter().map(|s| i32::try_from(s.rounds).unwrap_or(i32::MAX)).collect();
    let seen: Vec<DateTime<Utc>> = met.iter().map(|stranger| stranger.first_seen).collect();
    sqlx::query!("delete from strangers where server_id = $1 and docker_id <> all($2)", server.0, &ids)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "insert into strangers (server_id, docker_id, rounds, first_seen)
         select $1, id, rounds, seen from unnest($2::text[], $3::int[], $4::timestamptz[]) as t (id, rounds, seen)
         on conflict (server_id, docker_id) do update set rounds = excluded.rounds",
        server.0,
        &ids,
        &rounds,
        &seen,
    )
    .execute(conn)
    .await?;
    Ok(())
}
