-- What the ops group needs: removing servers, watching their set-up, confirming what can't be undone.

-- An admin decided that the server goes. It takes nothing new from then on, and is removed once its last container is.
alter table servers add column removal_at timestamptz;
alter table servers add check (removal_at is null or status = 'maintenance');
alter table servers add check (removed_at is null or removal_at is not null);
-- Login names as sshd itself allows them, and no more than a shell takes as a plain word.
alter table servers drop constraint servers_ssh_user_check;
alter table servers add check (ssh_user ~ '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$');

-- What stands on a server now is counted for every placement: from the index alone.
create index containers_standing on containers (server_id) where released_at is null;

-- One run of the set-up of a server; its steps are shown in the chat as they happen.
create type setup_state as enum ('running', 'passed', 'failed');
create table server_setups (
    id bigint generated always as identity primary key,
    server_id bigint not null references servers (id),
    -- Who asked; null is the command line.
    user_id bigint references users (id),
    state setup_state not null default 'running',
    -- Steps in order, each with what it found; the shape is the fleet's.
    steps jsonb not null default '[]' check (jsonb_typeof(steps) = 'array'),
    started_at timestamptz not null,
    finished_at timestamptz,
    check ((state = 'running') = (finished_at is null))
);
create index server_setups_server on server_setups (server_id, id);
create index server_setups_user on server_setups (user_id);
-- A second /server_setup while one runs joins it.
create unique index server_setups_running on server_setups (server_id) where state = 'running';

-- A dangerous act that waits for its asker's second tap: once, by the same person, within a minute. Kept here and not
-- in memory, so that a restart neither loses nor doubles it.
create table confirmations (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references tenants (id),
    user_id bigint not null references users (id),
    -- What will be done; the shape is the use cases'.
    act jsonb not null check (jsonb_typeof(act) = 'object'),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    -- Set in the transaction of the act itself, or by a tap on cancel.
    closed_at timestamptz,
    check (expires_at > created_at)
);
create index confirmations_tenant on confirmations (tenant_id);
create index confirmations_user on confirmations (user_id);
-- Cleaning up by age.
create index confirmations_created on confirmations using brin (created_at);
