//! The requirement document's tables against the schema: each field exists, has a named successor, or is marked as
//! coming with later work. And the rules that hold for every table.

use derpshop::db::MIGRATOR;
use sqlx::PgPool;

/// What became of a field of the document.
enum Fate {
    /// A column of this name.
    Here,
    /// Another column or table, for the reason that stands in the migration.
    Became(&'static str),
    /// Work that is still to come.
    Later,
}
use Fate::{Became, Here, Later};

type Table = (&'static str, &'static [(&'static str, Fate)]);

/// The later, "optimised" version of the document, table by table.
const DOCUMENT: &[Table] = &[
    (
        "users",
        &[
            ("id", Here),
            ("username", Here),
            ("email", Here),
            ("password", Here),
            ("role", Here),
            ("rental_expiry", Here),
            ("created_at", Here),
            ("updated_at", Here),
            ("is_banned", Here),
            ("last_login", Here),
            ("is_verified", Here),
        ],
    ),
    (
        "rentals",
        &[
            ("id", Here),
            ("user_id", Here),
            ("status", Here),
            ("start_date", Here),
            ("end_date", Here),
            ("server_ids", Became("rental_containers.server_id")),
            ("container_ids", Became("rental_containers.container_id")),
            ("created_at", Here),
            ("updated_at", Here),
            ("tenant_id", Here),
        ],
    ),
    (
        "renewal_notifications",
        &[
            ("id", Later),
            ("user_id", Later),
            ("notification_type", Later),
            ("sent_at", Later),
            ("notification_channel", Later),
        ],
    ),
    (
        "serial_numbers",
        &[
            ("id", Here),
            ("code", Became("serial_numbers.code_digest")),
            ("status", Here),
            ("user_id", Here),
            ("valid_days", Here),
            ("start_date", Here),
            ("end_date", Here),
            ("created_at", Here),
            ("used_at", Here),
            ("expires_at", Here),
            ("distributor_id", Later),
            ("payment_status", Here),
        ],
    ),
    (
        "user_serial_association",
        &[
            ("id", Here),
            ("user_id", Here),
            ("serial_number_id", Here),
            ("updated_rental_expiry", Here),
            ("status", Here),
            ("created_at", Here),
        ],
    ),
    (
        "servers",
        &[
            ("id", Here),
            ("ip", Here),
            ("region", Here),
            ("load", Here),
            ("status", Here),
            ("total_traffic", Here),
            ("remaining_traffic", Here),
            ("created_at", Here),
            ("updated_at", Here),
            ("server_type", Became("servers.server_type_id")),
        ],
    ),
    (
        "containers",
        &[
            ("id", Here),
            ("server_id", Here),
            ("user_id", Here),
            ("port", Here),
            ("stun_port", Here),
            ("status", Here),
            ("upload_traffic", Here),
            ("download_traffic", Here),
            ("max_upload_traffic", Here),
            ("max_download_traffic", Here),
            ("created_at", Here),
            ("updated_at", Here),
        ],
    ),
    (
        "alerts",
        &[
            ("id", Later),
            ("server_id", Later),
            ("alert_type", Later),
            ("message", Later),
            ("status", Later),
            ("timestamp", Later),
            ("severity", Later),
        ],
    ),
    (
        "ha_logs",
        &[("id", Later), ("operation", Later), ("status", Later), ("details", Later), ("timestamp", Later)],
    ),
    (
        "acl_configs",
        &[
            ("id", Here),
            ("user_id", Here),
            ("server_ids", Became("acl_config_containers.server_id")),
            ("container_ids", Became("acl_config_containers.container_id")),
            ("acl_data", Here),
            ("acl_code", Became("tailnets.acl_code_digest")),
            ("version", Here),
            ("created_at", Here),
            ("updated_at", Here),
            ("is_active", Here),
        ],
    ),
    (
        "acl_verification_logs",
        &[
            ("id", Here),
            ("user_id", Here),
            ("acl_id", Here),
            ("ip_address", Here),
            ("location", Here),
            ("status", Here),
            ("timestamp", Here),
        ],
    ),
    (
        "system_logs",
        &[
            ("id", Here),
            ("user_id", Here),
            ("operation", Here),
            ("status", Here),
            ("details", Here),
            ("timestamp", Here),
        ],
    ),
    (
        "container_traffic_stats",
        &[
            ("id", Later),
            ("container_id", Later),
            ("upload_traffic", Later),
            ("download_traffic", Later),
            ("timestamp", Later),
        ],
    ),
    (
        "server_load_status",
        &[
            ("id", Later),
            ("server_id", Later),
            ("used_traffic", Later),
            ("remaining_traffic", Later),
            ("container_count", Later),
            ("timestamp", Later),
        ],
    ),
    ("server_health_status", &[("id", Later), ("server_id", Later), ("ping_latency", Later)]),
    ("finance_stats", &[("id", Later), ("revenue", Later), ("users_served", Later), ("period_start", Later)]),
    ("traffic_usage", &[("id", Later), ("container_id", Later), ("month", Later)]),
];

/// The document's labels, which ours must contain.
const LABELS: &[(&str, &[&str])] = &[
    ("user_role", &["user", "admin", "distributor"]),
    ("rental_status", &["active", "expired", "paused"]),
    ("serial_status", &["unused", "used", "expired"]),
    ("serial_payment_status", &["paid", "unpaid"]),
    ("association_status", &["active", "inactive"]),
    ("server_status", &["healthy", "unhealthy", "maintenance"]),
    ("container_status", &["running", "stopped", "paused"]),
    ("acl_verdict", &["approved", "denied"]),
    ("log_status", &["success", "failed"]),
];

/// Columns that are called `_id` and name no row of ours.
const FOREIGN_NUMBERS: &[&str] = &[
    // Telegram's and Docker's own numbers.
    "telegram_id",
    "chat_id",
    "bot_id",
    "update_id",
    "lane_id",
    "message_id",
    "docker_id",
    "sender_id",
    "topic_id",
    // A number within a derpMap.
    "region_id",
];

async fn columns(pool: &PgPool) -> Vec<(String, String)> {
    sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns where table_schema = 'public'",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_field_of_the_document_has_a_place(pool: PgPool) {
    let columns = columns(&pool).await;
    let is = |table: &str, column: &str| columns.iter().any(|(t, c)| t == table && c == column);
    let mut wrong = Vec::new();
    for (table, fields) in DOCUMENT {
        for (field, fate) in *fields {
            match fate {
                Here if is(table, field) => {}
                Here => wrong.push(format!("{table}.{field} is missing")),
                Became(successor) => {
                    let (t, c) = successor.split_once('.').unwrap();
                    if !is(t, c) || is(table, field) {
                        wrong.push(format!("{table}.{field} should have become {successor}"));
                    }
                }
                // A mark that is no longer true would hide the next gap.
                Later if is(table, field) => wrong.push(format!("{table}.{field} is here: drop the mark")),
                Later => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn enums_contain_the_documents_labels(pool: PgPool) {
    for (name, labels) in LABELS {
        let ours: Vec<String> = sqlx::query_scalar(
            "select e.enumlabel::text from pg_enum e join pg_type t on t.oid = e.enumtypid where t.typname = $1",
        )
        .bind(name)
        .fetch_all(&pool)
        .await
        .unwrap();
        for label in *labels {
            assert!(ours.iter().any(|l| l == label), "{name} lacks {label}");
        }
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_reference_is_a_foreign_key_with_an_index(pool: PgPool) {
    let missing: Vec<String> = sqlx::query_scalar(
        "select c.relname || '.' || a.attname
             || case when not exists (select 1 from pg_constraint k
                                      where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey))
                     then ' has no foreign key' else ' has no index' end
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
           and a.attname like '%\\_id' and a.attname <> all ($1)
           and (not exists (select 1 from pg_constraint k
                            where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey))
                or not exists (select 1 from pg_index i where i.indrelid = c.oid and a.attnum = any (i.indkey)))
         order by 1",
    )
    .bind(FOREIGN_NUMBERS)
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_json_column_is_checked(pool: PgPool) {
    let unchecked: Vec<String> = sqlx::query_scalar(
        "select c.relname || '.' || a.attname
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where n.nspname = 'public' and c.relkind in ('r', 'p') and a.atttypid = 'jsonb'::regtype
           and not exists (select 1 from pg_constraint k
                           where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any (k.conkey))
         order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(unchecked.is_empty(), "{}", unchecked.join("\n"));
}
