-- The shop's core: people, plans, serials, rentals, servers, containers, ACLs, records.
--
-- Names and fields follow the customer's requirement document (its later version). Where a field differs,
-- the reason stands beside it. Throughout: timestamptz for DATETIME, bigint bytes for DECIMAL MB or GB (no
-- rounding), Postgres enums for ENUM, join tables for JSON lists of ids.

create type user_role as enum ('user', 'distributor', 'admin');
create type currency as enum ('CNY', 'XTR');
create type billing_mode as enum ('prepaid', 'hourly');
create type serial_status as enum ('unused', 'used', 'expired', 'revoked');
create type serial_payment_status as enum ('paid', 'unpaid');
create type association_status as enum ('active', 'inactive');
-- The document's active, expired and paused, and two that it doesn't name: `starting` until the first
-- container runs (paid time hasn't begun), `released` when the resources are given up.
create type rental_status as enum ('starting', 'active', 'paused', 'expired', 'released');
create type server_status as enum ('healthy', 'unhealthy', 'maintenance');
create type server_billing as enum ('yearly', 'hourly');
-- The document's running, stopped and paused, with `starting` before and `released` after; `failed` is a
-- container that did not pass its tests and waits to be removed.
create type container_status as enum ('starting', 'running', 'stopped', 'paused', 'failed', 'released');
create type container_desired as enum ('running', 'stopped', 'removed');
create type acl_mode as enum ('auto', 'manual', 'off');
create type acl_verdict as enum ('approved', 'denied');
create type log_status as enum ('success', 'failed');

create table tenants (
    id bigint generated always as identity primary key,
    name text not null unique,
    created_at timestamptz not null default now()
);

-- One row a fact that an admin or the shop itself sets at run time: the ops group, the install id, flags.
create table settings (
    tenant_id bigint not null references tenants (id),
    key text not null check (key ~ '^[a-z_]{1,64}$'),
    value jsonb not null check (jsonb_typeof(value) in ('object', 'string', 'number', 'boolean')),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, key)
);

create table users (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references tenants (id),
    -- From the Telegram name, suffixed where taken; changeable.
    username text not null check (char_length(username) between 1 and 80),
    -- Null until verified: an address is bound to an account only by its code.
    email text check (char_length(email) between 3 and 254),
    -- Null until set over the API: the chat itself is the login for everybody else.
    password text,
    role user_role not null default 'user',
    -- Latest end over the user's rentals; written together with them.
    rental_expiry timestamptz,
    is_banned boolean not null default false,
    is_verified boolean not null default false,
    -- The first message after an hour's silence is a login.
    last_login timestamptz,
    last_seen_at timestamptz,
    telegram_id bigint,
    language text not null default 'zh-CN' check (language in ('zh-CN', 'en')),
    time_zone text not null default 'Asia/Shanghai' check (char_length(time_zone) between 1 and 64),
    -- A deep-link payload that arrived before registration and is taken up after it.
    pending_start text check (char_length(pending_start) <= 64),
    -- Guesses at serials: counted from guess_window on, for an hour; ten lock redemption for an hour.
    guess_count smallint not null default 0 check (guess_count >= 0),
    guess_window timestamptz,
    redeem_locked_until timestamptz,
    -- The last moment at which a message to them was refused because they blocked the bot.
    blocked_at timestamptz,
    closed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (not is_verified or email is not null),
    check (guess_count = 0 or guess_window is not null)
);
create unique index users_username on users (tenant_id, lower(username));
create unique index users_email on users (tenant_id, lower(email)) where email is not null;
create unique index users_telegram on users (tenant_id, telegram_id) where telegram_id is not null;

-- The code that proves an e-mail address; one open at a time per user.
create table email_codes (
    id bigint generated always as identity primary key,
    user_id bigint not null references users (id),
    email text not null check (char_length(email) between 3 and 254),
    -- HMAC under the lookup pepper: six digits alone would be found by trying all.
    code_digest bytea not null check (octet_length(code_digest) = 32),
    -- The code itself for the mail job, sealed; dropped once it is consumed or replaced.
    code_sealed bytea,
    tries smallint not null default 0 check (tries between 0 and 5),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    mailed_at timestamptz,
    consumed_at timestamptz,
    -- Set when a later code takes its place or its tries are used up.
    closed_at timestamptz,
    check (expires_at > created_at)
);
create unique index email_codes_open on email_codes (user_id) where consumed_at is null and closed_at is null;
create index email_codes_user on email_codes (user_id, created_at);

create table tailnets (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references tenants (id),
    user_id bigint not null unique references users (id),
    -- The document's acl_configs.acl_code. It names the tailnet, not one version, because headscale keeps the
    -- address and must find each later version under it.
    acl_code_digest bytea not null unique check (octet_length(acl_code_digest) = 32),
    acl_code_sealed bytea not null,
    -- auto: every relay of the tailnet; manual: those on the servers in tailnet_servers; off: none.
    acl_mode acl_mode not null default 'auto',
    created_at timestamptz not null default now()
);
create index tailnets_tenant on tailnets (tenant_id);

create table regions (
    code text primary key check (code ~ '^[a-z][a-z0-9-]{1,23}$'),
    -- Three or so letters that begin RegionCode in the derpMap, such as tyo.
    short text not null unique check (short ~ '^[a-z]{2,6}$'),
    title jsonb not null check (jsonb_typeof(title) = 'object' and title ? 'zh-CN' and title ? 'en')
);

create table plans (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references tenants (id),
    name text not null check (name ~ '^[a-z0-9-]{1,40}$'),
    title jsonb not null check (jsonb_typeof(title) = 'object' and title ? 'zh-CN' and title ? 'en'),
    billing billing_mode not null default 'prepaid',
    valid_days integer check (valid_days between 1 and 3660),
    -- Bytes in and out per 30 days; null is unlimited. The other two limit one direction.
    traffic_cap bigint check (traffic_cap > 0),
    max_upload_traffic bigint check (max_upload_traffic > 0),
    max_download_traffic bigint check (max_download_traffic > 0),
    device_limit integer not null check (device_limit between 1 and 1000),
    redundancy smallint not null default 1 check (redundancy in (1, 2)),
    visible boolean not null default true,
    -- Serials generated by days alone take this plan's limits where no visible plan has those days.
    is_default boolean not null default false,
    sort integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (tenant_id, name),
    check ((billing = 'hourly') = (valid_days is null))
);
create unique index plans_default on plans (tenant_id) where is_default;

create table plan_prices (
    plan_id bigint not null references plans (id),
    currency currency not null,
    minor bigint not null check (minor >= 0),
    primary key (plan_id, currency)
);

create table serial_batches (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references tenants (id),
    plan_id bigint not null references plans (id),
    created_by bigint references users (id),
    count integer not null check (count between 1 and 10000),
    created_at timestamptz not null
);
create index serial_batches_tenant on serial_batches (tenant_id, created_at);
create index serial_batches_plan on serial_batches (plan_id);
create index serial_batches_created_by on serial_batches (created_by);

create table serial_numbers (
    id bigint generated always as identity primary key,
    batch_id bigint not null references serial_batches (id),
    -- The document's unique `code`. It is bearer money, so the table holds only what finds it (a digest under
    -- the lookup pepper), what shows it to its owner (sealed) and what people may see (masked).
    code_digest bytea not null unique check (octet_length(code_digest) = 32),
    code_sealed bytea not null,
    code_masked text not null check (char_length(code_masked) between 4 and 20),
    status serial_status not null default 'unused',
    user_id bigint references users (id),
    plan_id bigint not null references plans (id),
    -- The terms at the moment of sale: a later change of the plan doesn't change what was bought.
    valid_days integer not null check (valid_days between 1 and 3660),
    traffic_cap bigint check (traffic_cap > 0),
    max_upload_traffic bigint check (max_upload_traffic > 0),
    max_download_traffic bigint check (max_download_traffic > 0),
    device_limit integer not null check (device_limit between 1 and 1000),
    redundancy smallint not null check (redundancy in (1, 2)),
    payment_status serial_payment_status not null default 'paid',
    -- The slice of a rental that this serial paid for.
    start_date timestamptz,
    end_date timestamptz,
    -- Redeem by; null is without limit.
    expires_at timestamptz,
    used_at timestamptz,
    created_at timestamptz not null,
    check (status <> 'used' or (used_at is not null and user_id is not null)),
    check (status <> 'unused' or (used_at is null and user_id is null))
);
create index serial_numbers_batch on serial_numbers (batch_id);
create index serial_numbers_user on serial_numbers (user_id) where user_id is not null;
create index serial_numbers_plan on serial_numbers (plan_id);

create table server_types (
    id bigint generated always as identity primary key,
    name text not null unique check (char_length(name) between 1 and 50),
    billing server_billing not null,
    -- Millionths of a yuan per day (yearly) or per hour (hourly): 0.108 CNY is exact.
    rate_micros bigint not null check (rate_micros >= 0),
    cores integer check (cores > 0),
    memory_bytes bigint check (memory_bytes > 0),
    bandwidth_bits bigint check (bandwidth_bits > 0),
    monthly_traffic bigint check (monthly_traffic > 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table servers (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references tenants (id),
    -- Unique together with the SSH port, not alone: two hosts may stand behind one address.
    ip text not null check (ip ~ '^[0-9a-fA-F.:]{2,45}$'),
    ssh_port integer not null default 22 check (ssh_port between 1 and 65535),
    ssh_user text not null default 'root' check (ssh_user ~ '^[a-z_][a-z0-9_-]{0,31}$'),
    -- The pinned SHA-256 fingerprint of the host key.
    host_key text not null check (host_key like 'SHA256:%'),
    region text not null references regions (code),
    -- The document's server_type names a kind; here it points at the row that describes it.
    server_type_id bigint not null references server_types (id),
    status server_status not null default 'maintenance',
    -- The document's FLOAT load, in thousandths: 0.25 is 250.
    load integer not null default 0 check (load >= 0),
    -- Bytes the provider grants per month, and what is left of them; null is unlimited or unknown.
    total_traffic bigint check (total_traffic >= 0),
    remaining_traffic bigint check (remaining_traffic >= 0),
    -- Containers that may run here at once.
    capacity integer not null default 40 check (capacity between 1 and 1000),
    port_low integer not null default 20000 check (port_low between 1024 and 65535),
    port_high integer not null default 29999 check (port_high between 1024 and 65535),
    -- What set-up found: cores, memory, disk, kernel, engine.
    hardware jsonb check (jsonb_typeof(hardware) = 'object'),
    setup_at timestamptz,
    removed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (port_low <= port_high),
    -- A server takes rentals only after its set-up has passed.
    check (status = 'maintenance' or setup_at is not null)
);
create unique index servers_address on servers (ip, ssh_port) where removed_at is null;
create index servers_region on servers (region) where removed_at is null;
create index servers_tenant on servers (tenant_id);
create index servers_type on servers (server_type_id);

-- Which servers a user's tailnet may use while its ACL mode is manual (R86).
create table tailnet_servers (
    tailnet_id bigint not null references tailnets (id),
    server_id bigint not null references servers (id),
    primary key (tailnet_id, server_id)
);
create index tailnet_servers_server on tailnet_servers (server_id);

create table rentals (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references tenants (id),
    user_id bigint not null references users (id),
    tailnet_id bigint not null references tailnets (id),
    plan_id bigint not null references plans (id),
    region text not null references regions (code),
    status rental_status not null default 'starting',
    -- Terms of the serial or order that began it.
    traffic_cap bigint check (traffic_cap > 0),
    max_upload_traffic bigint check (max_upload_traffic > 0),
    max_download_traffic bigint check (max_download_traffic > 0),
    device_limit integer not null check (device_limit between 1 and 1000),
    redundancy smallint not null check (redundancy in (1, 2)),
    -- Days bought before the first container ran; they become start_date and end_date then.
    waiting_days integer not null default 0 check (waiting_days >= 0),
    start_date timestamptz,
    end_date timestamptz,
    paused_at timestamptz,
    released_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (end_date is null or end_date >= start_date),
    check (status = 'released' or (status = 'starting') = (start_date is null)),
    check ((status = 'paused') = (paused_at is not null)),
    check ((status = 'released') = (released_at is not null)),
    check (status not in ('active', 'paused', 'expired') or end_date is not null)
);
create index rentals_user on rentals (user_id);
create index rentals_tenant on rentals (tenant_id);
create index rentals_tailnet on rentals (tailnet_id);
create index rentals_plan on rentals (plan_id);
create index rentals_end on rentals (end_date) where status = 'active';

-- A rental's and serial's bond: one redemption per serial, for ever.
create table user_serial_association (
    id bigint generated always as identity primary key,
    user_id bigint not null references users (id),
    serial_number_id bigint not null unique references serial_numbers (id),
    rental_id bigint not null references rentals (id),
    updated_rental_expiry timestamptz,
    status association_status not null default 'active',
    -- Set when the bond is undone, together with `inactive`.
    unbound_at timestamptz,
    created_at timestamptz not null
);
create index user_serial_association_user on user_serial_association (user_id);
create index user_serial_association_rental on user_serial_association (rental_id);

-- Region ids 900 to 998 of a tailnet's derpMap; one that was given never means another relay.
create table tailnet_regions (
    tailnet_id bigint not null references tailnets (id),
    region_id integer not null check (region_id between 900 and 998),
    rental_id bigint not null references rentals (id),
    half smallint not null check (half in (1, 2)),
    primary key (tailnet_id, region_id),
    unique (rental_id, half)
);

create table containers (
    id bigint generated always as identity primary key,
    server_id bigint not null references servers (id),
    user_id bigint not null references users (id),
    rental_id bigint not null references rentals (id),
    half smallint not null check (half in (1, 2)),
    -- One number serves both: TCP to the relay, UDP to STUN.
    port integer not null check (port between 1024 and 65535),
    stun_port integer not null check (stun_port between 1024 and 65535),
    -- What is (as last seen) and what should be; reconcile closes the gap.
    status container_status not null default 'starting',
    desired container_desired not null default 'running',
    -- Raised whenever the container must be made anew under another name.
    generation integer not null default 1 check (generation >= 1),
    docker_id text,
    -- The address the certificate is for.
    address text not null,
    -- SHA-256 of the certificate (DER): the CertName of the derpMap.
    cert_pin bytea not null check (octet_length(cert_pin) = 32),
    -- Certificate, its key, node key and mesh key, sealed as one.
    secrets_sealed bytea not null,
    -- The path token by which this relay asks for admission.
    admit_digest bytea not null unique check (octet_length(admit_digest) = 32),
    admit_sealed bytea not null,
    -- Bytes, for the document's DECIMAL megabytes.
    upload_traffic bigint not null default 0 check (upload_traffic >= 0),
    download_traffic bigint not null default 0 check (download_traffic >= 0),
    max_upload_traffic bigint check (max_upload_traffic > 0),
    max_download_traffic bigint check (max_download_traffic > 0),
    started_at timestamptz,
    released_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check ((status = 'released') = (released_at is not null)),
    check (status <> 'running' or docker_id is not null)
);
-- A port belongs to one container at a time on a server.
create unique index containers_port on containers (server_id, port) where released_at is null;
-- One container per half of a rental: a second placement must first give up the other.
create unique index containers_half on containers (rental_id, half)
    where released_at is null and desired <> 'removed';
create index containers_server on containers (server_id);
create index containers_user on containers (user_id);
create index containers_rental on containers (rental_id);

-- The document's rentals.server_ids and rentals.container_ids.
create table rental_containers (
    rental_id bigint not null references rentals (id),
    container_id bigint not null references containers (id),
    server_id bigint not null references servers (id),
    attached_at timestamptz not null,
    detached_at timestamptz,
    primary key (rental_id, container_id)
);
create index rental_containers_container on rental_containers (container_id);
create index rental_containers_server on rental_containers (server_id);

create table devices (
    id bigint generated always as identity primary key,
    rental_id bigint not null references rentals (id),
    node_key bytea not null check (octet_length(node_key) = 32),
    name text check (char_length(name) between 1 and 40),
    last_ip text,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    -- A key that came from the same address once this one was away: it no longer counts.
    replaced_at timestamptz,
    -- Over the limit: admitted until then, refused after.
    grace_until timestamptz,
    blocked_at timestamptz,
    removed_at timestamptz,
    unique (rental_id, node_key)
);

create table acl_configs (
    id bigint generated always as identity primary key,
    user_id bigint not null references users (id),
    tailnet_id bigint not null references tailnets (id),
    version integer not null check (version >= 1),
    -- The derpMap.
    acl_data jsonb not null check (jsonb_typeof(acl_data) = 'object' and acl_data ? 'Regions'),
    is_active boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tailnet_id, version)
);
create unique index acl_configs_active on acl_configs (tailnet_id) where is_active;
create index acl_configs_user on acl_configs (user_id);

-- The document's acl_configs.server_ids and container_ids.
create table acl_config_containers (
    acl_id bigint not null references acl_configs (id),
    container_id bigint not null references containers (id),
    server_id bigint not null references servers (id),
    primary key (acl_id, container_id)
);
create index acl_config_containers_container on acl_config_containers (container_id);
create index acl_config_containers_server on acl_config_containers (server_id);

-- Admission decisions. A time series: partitions by month, retention by dropping them.
create table acl_verification_logs (
    id bigint generated always as identity,
    user_id bigint not null references users (id),
    acl_id bigint references acl_configs (id),
    rental_id bigint not null references rentals (id),
    container_id bigint not null references containers (id),
    node_key bytea not null check (octet_length(node_key) = 32),
    ip_address text,
    location text,
    status acl_verdict not null,
    reason text not null,
    "timestamp" timestamptz not null,
    primary key (id, "timestamp")
) partition by range ("timestamp");
create table acl_verification_logs_default partition of acl_verification_logs default;
create index acl_verification_logs_user on acl_verification_logs (user_id, "timestamp");
create index acl_verification_logs_rental on acl_verification_logs (rental_id, "timestamp");
create index acl_verification_logs_container on acl_verification_logs (container_id);
create index acl_verification_logs_acl on acl_verification_logs (acl_id);

create table system_logs (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references tenants (id),
    -- Who acted; null is the shop itself.
    user_id bigint references users (id),
    operation text not null check (operation ~ '^[a-z_]{1,64}$'),
    status log_status not null default 'success',
    -- The document's TEXT; an object, so that it can be searched by id.
    details jsonb not null default '{}' check (jsonb_typeof(details) = 'object'),
    "timestamp" timestamptz not null,
    -- Chained by one job in the order of id: sha256 of the previous hash and this row.
    chain_hash bytea check (octet_length(chain_hash) = 32)
);
create index system_logs_time on system_logs (tenant_id, "timestamp");
create index system_logs_user on system_logs (user_id, "timestamp");
create index system_logs_server on system_logs ((details ->> 'server_id'), "timestamp") where details ? 'server_id';
create index system_logs_rental on system_logs ((details ->> 'rental_id'), "timestamp") where details ? 'rental_id';
create index system_logs_unchained on system_logs (id) where chain_hash is null;

-- The document's binding table: who holds what through which serial, from when to when.
create view device_bindings as
select
    a.user_id,
    a.serial_number_id,
    a.rental_id,
    rc.server_id,
    rc.container_id,
    acl.id as acl_id,
    acl.version as acl_version,
    greatest(a.created_at, rc.attached_at) as bound_at,
    least(a.unbound_at, rc.detached_at) as unbound_at
from user_serial_association a
join rental_containers rc on rc.rental_id = a.rental_id
join rentals r on r.id = a.rental_id
left join acl_configs acl on acl.tailnet_id = r.tailnet_id and acl.is_active;

-- One seeded tenant; every query names one, so that a second shop can stand in the same database.
insert into tenants (name) values ('default');

insert into regions (code, short, title) values
    ('tokyo', 'tyo', '{"zh-CN": "东京", "en": "Tokyo"}'),
    ('osaka', 'osa', '{"zh-CN": "大阪", "en": "Osaka"}'),
    ('hongkong', 'hkg', '{"zh-CN": "香港", "en": "Hong Kong"}'),
    ('taipei', 'tpe', '{"zh-CN": "台北", "en": "Taipei"}'),
    ('singapore', 'sin', '{"zh-CN": "新加坡", "en": "Singapore"}'),
    ('seoul', 'sel', '{"zh-CN": "首尔", "en": "Seoul"}'),
    ('shanghai', 'sha', '{"zh-CN": "上海", "en": "Shanghai"}'),
    ('beijing', 'pek', '{"zh-CN": "北京", "en": "Beijing"}'),
    ('guangzhou', 'can', '{"zh-CN": "广州", "en": "Guangzhou"}'),
    ('losangeles', 'lax', '{"zh-CN": "洛杉矶", "en": "Los Angeles"}'),
    ('newyork', 'nyc', '{"zh-CN": "纽约", "en": "New York"}'),
    ('frankfurt', 'fra', '{"zh-CN": "法兰克福", "en": "Frankfurt"}'),
    ('london', 'lon', '{"zh-CN": "伦敦", "en": "London"}'),
    ('sydney', 'syd', '{"zh-CN": "悉尼", "en": "Sydney"}');

-- The document's two kinds of server. The yearly price is the operator's to set (/server_types).
insert into server_types (name, billing, rate_micros) values
    ('ecs-yearly', 'yearly', 0),
    ('ecs-hourly', 'hourly', 108000);
