-- What provisioning keeps besides the containers themselves.

-- Who may act on a server now. A lease with an epoch, not a lock: no transaction is open while SSH is spoken, and
-- each write checks the epoch, so that a worker that lost its lease in the middle changes nothing any more.
create table server_leases (
    server_id bigint primary key references servers (id),
    owner uuid not null,
    epoch bigint not null,
    lease_until timestamptz not null
);

-- Containers with our label that the store doesn't know, as reconcile met them.
create table strangers (
    server_id bigint not null references servers (id),
    docker_id text not null check (docker_id ~ '^[0-9a-f]{64}$'),
    rounds integer not null check (rounds >= 0),
    first_seen timestamptz not null,
    -- An admin agreed that it may be removed though there are many of them.
    approved_at timestamptz,
    primary key (server_id, docker_id)
);

-- Why a container failed, as a lasting code for admins (never an error's text).
alter table containers add column failure text check (char_length(failure) between 1 and 60);
alter table containers add constraint containers_failure check (failure is null or status in ('failed', 'released'));

-- What changed since the version before, as a code: the text is made in the reader's language.
alter table acl_configs add column change text not null default 'first'
    check (change in ('first', 'relay_added', 'relay_removed', 'relay_moved', 'manual'));

-- When it first passed its tests: from then on its relay stands in the ACL, also while it is stopped and kept.
alter table containers add column passed_at timestamptz;
