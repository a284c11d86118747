-- Accounts: when one counts as registered, and what protects mailboxes and records.

-- Set when registration is complete: by a verified address, or at once where the shop sends no mail. Not derived from
-- is_verified, so that a shop which starts to send mail locks nobody out who came before.
alter table users add column registered_at timestamptz;
alter table users add check (not is_verified or registered_at is not null);

-- The payload of a deep link may be a serial, which is bearer money: sealed like any other copy of one.
alter table users drop column pending_start;
alter table users add column pending_start_sealed bytea;

-- How often an address was written to lately, whoever asked for it.
create index email_codes_address on email_codes (lower(email), created_at);

-- A row's place in the chain. Rows are numbered when they are written and chained once they are committed, so one
-- that commits late comes after others with higher ids.
alter table system_logs add column chain_seq bigint unique check (chain_seq > 0);
alter table system_logs add check ((chain_seq is null) = (chain_hash is null));

-- What was done to somebody, beside what they did.
create index system_logs_subject on system_logs ((details ->> 'user_id'), "timestamp") where details ? 'user_id';
