-- What alerts say and what became of them, checkpoints, wishes for quiet; and compactions are looked for.

-- 0: the client does not compact at the line; there the API refuses.
ALTER TABLE alert ADD COLUMN compacts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE alert ADD COLUMN model TEXT;
-- What was forecast to fit before the line; NULL: nothing could be.
ALTER TABLE alert ADD COLUMN turns INTEGER;
ALTER TABLE alert ADD COLUMN minutes INTEGER;

-- What became of each action of an alert.
CREATE TABLE outcome (
    alert  INTEGER NOT NULL,             -- alert.revision
    action INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    result INTEGER NOT NULL,
    detail TEXT,
    PRIMARY KEY (alert, action)
) STRICT, WITHOUT ROWID;

-- The outbox: alerts that owe a message to a web address, written with the claim.
CREATE TABLE delivery (
    alert    INTEGER PRIMARY KEY,        -- alert.revision
    session  INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_at  INTEGER NOT NULL,
    ended    INTEGER NOT NULL            -- 1: arrived, or given up
) STRICT;

-- Serves: what is still owed.
CREATE INDEX delivery_owed ON delivery (alert) WHERE ended = 0;

-- Work that was saved, as it was acknowledged.
CREATE TABLE checkpoint (
    revision INTEGER PRIMARY KEY,
    session  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    note     TEXT,
    path     TEXT,
    tokens   INTEGER
) STRICT;

-- Serves: the checkpoints of a session.
CREATE INDEX checkpoint_by_session ON checkpoint (session, at);

-- Wishes for quiet. The kinds are in table/silence.rs.
CREATE TABLE silence (
    kind  INTEGER NOT NULL,
    name  TEXT NOT NULL,                 -- a project's folder, a session's id; '': all
    until INTEGER,                       -- NULL: until it is taken back
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Serves: compactions, those of a session and the newest of all. It holds all that the latter need.
CREATE INDEX event_compaction ON event (session, time, arrived, c, kind) WHERE kind = 3;
