-- The durable inbox: Telegram updates in, messages out, and what the bot remembers of a conversation.

-- Tasks that one replica at a time may do (long polling, sending the outbox). A lease, not a lock: nothing in the
-- database is held while its owner talks to the network, and the epoch tells a late owner that it was replaced.
CREATE TABLE leases (
    name        text PRIMARY KEY,
    owner       uuid NOT NULL,
    epoch       bigint NOT NULL,
    lease_until timestamptz NOT NULL
);
COMMENT ON TABLE leases IS 'who of the replicas does a task that only one may do; times are the database''s clock';

CREATE TYPE update_state AS ENUM ('open', 'done', 'parked');

CREATE TABLE telegram_updates (
    -- The order in which updates were stored, which is the order in which a lane handles them: update_id restarts
    -- at random after a quiet week, so it cannot be the order.
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    bot_id      bigint NOT NULL,
    update_id   bigint NOT NULL,
    lane_id     bigint NOT NULL,
    -- pre_checkout_query: Telegram waits ten seconds for the answer, so it goes before everything else.
    urgent      boolean NOT NULL,
    state       update_state NOT NULL DEFAULT 'open',
    -- Starts of its handler since its lane was taken over after a crash; decides about parking.
    starts      smallint NOT NULL DEFAULT 0,
    -- Sealed under `inbox`. Gone once done: what people write is kept no longer than needed.
    payload     bytea,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, update_id),
    CHECK ((payload IS NULL) = (state = 'done'))
);
COMMENT ON TABLE telegram_updates IS 'updates stored before they are acknowledged; done rows are deleted after 7 days';
-- The claim reads the oldest open rows, urgent ones first.
CREATE INDEX telegram_updates_open ON telegram_updates (bot_id, urgent DESC, seq) WHERE state = 'open';
-- Loading a lane; also small, since only open rows are in it.
CREATE INDEX telegram_updates_lane ON telegram_updates (bot_id, lane_id, seq) WHERE state = 'open';
-- What an admin has to look at.
CREATE INDEX telegram_updates_parked ON telegram_updates (bot_id, seq) WHERE state = 'parked';
-- Cleaning up by age. Rows arrive in the order of time, so a block range index costs next to nothing to keep.
CREATE INDEX telegram_updates_received ON telegram_updates USING brin (received_at);

-- A lane is a chat, else a sender: its updates are handled in order, by the process that holds its lease.
CREATE TABLE telegram_lanes (
    bot_id      bigint NOT NULL,
    lane_id     bigint NOT NULL,
    owner       uuid,
    -- Raised by every claim, so that the release of an earlier claim frees nothing.
    epoch       bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    -- Take-overs from an owner that stopped renewing, since the last orderly release.
    crashes     smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (bot_id, lane_id),
    CHECK ((owner IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 50);  -- room for the updates of a lease beside the row: they need no index entry
COMMENT ON TABLE telegram_lanes IS 'leases of the inbox''s lanes; every statement locks rows in the order of lane_id';

-- What the bot waits for in a chat. `state` is a serde enum of the bot; a shape it no longer knows counts as none.
CREATE TABLE dialogues (
    chat_id    bigint NOT NULL,
    sender_id  bigint NOT NULL,
    state      jsonb NOT NULL CHECK (jsonb_typeof(state) = 'object'),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (chat_id, sender_id)
);
COMMENT ON TABLE dialogues IS 'conversations that wait for typed input; chat_id and sender_id are Telegram''s numbers';

CREATE TYPE outbox_state AS ENUM ('pending', 'sent', 'superseded', 'failed');
CREATE TYPE outbox_audience AS ENUM ('user', 'chat', 'ops');

-- Messages nobody asked for: deliveries, reminders, alerts. Written in the transaction of what they tell about and
-- sent after it; the text is made at that time, in the recipient's language and from the rows of that time.
CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   bigint NOT NULL REFERENCES tenants (id),
    audience    outbox_audience NOT NULL,
    user_id     bigint REFERENCES users (id),
    chat_id     bigint,
    notice      jsonb NOT NULL CHECK (jsonb_typeof(notice) = 'object'),
    -- A slot names one message of the chat that later rows edit instead of adding another.
    slot        text,
    dedupe_key  text NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL,
    send_after  timestamptz NOT NULL,
    state       outbox_state NOT NULL DEFAULT 'pending',
    attempts    integer NOT NULL DEFAULT 0,
    retry_at    timestamptz,
    sent_at     timestamptz,
    failed_at   timestamptz,
    failure     text,
    CHECK ((user_id IS NOT NULL) = (audience = 'user')),
    CHECK ((chat_id IS NOT NULL) = (audience = 'chat')),
    CHECK ((sent_at IS NOT NULL) = (state = 'sent')),
    CHECK ((failed_at IS NOT NULL) = (state = 'failed')),
    CHECK (state <> 'failed' OR failure IS NOT NULL)
);
COMMENT ON TABLE outbox IS 'messages to send; the ops group is resolved when sending, since it can move';
CREATE INDEX outbox_pending ON outbox (id) WHERE state = 'pending';
CREATE INDEX outbox_slot ON outbox (slot, id) WHERE state = 'pending' AND slot IS NOT NULL;
CREATE INDEX outbox_tenant ON outbox (tenant_id);
CREATE INDEX outbox_user ON outbox (user_id);

-- The message that a slot stands for in a chat.
CREATE TABLE message_slots (
    chat_id    bigint NOT NULL,
    slot       text NOT NULL,
    message_id integer NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (chat_id, slot)
);
COMMENT ON TABLE message_slots IS 'chat_id and message_id are Telegram''s numbers';

-- Chats that refuse our messages (blocked, deleted, removed). Writing there again only costs flood limit, so rows for
-- them fail at once; the first update from such a chat removes it.
CREATE TABLE blocked_chats (
    chat_id    bigint PRIMARY KEY,
    reason     text NOT NULL,
    blocked_at timestamptz NOT NULL
);
COMMENT ON TABLE blocked_chats IS 'chat_id is Telegram''s number';
