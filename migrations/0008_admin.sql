-- What the ops group's longer acts keep.

-- Which message asked for a batch: a command that comes twice makes one batch. Null at the console.
alter table serial_batches add column request text unique check (char_length(request) between 1 and 80);

-- Why a set-up stopped: a lasting code and what its text needs.
alter table server_setups add column problem jsonb check (jsonb_typeof(problem) = 'object' and problem ? 'code');
alter table server_setups add check ((state = 'failed') = (problem is not null));
-- An admin agreed that Docker Engine is restarted under running containers.
alter table server_setups add column restart_confirmed boolean not null default false;
-- The question whether it may be, while it waits for an answer.
alter table server_setups add column confirmation_id bigint references confirmations (id) on delete set null;
create index server_setups_confirmation on server_setups (confirmation_id);
