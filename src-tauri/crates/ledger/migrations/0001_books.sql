-- The books. Times are nanoseconds since 1970 UTC, costs nano-USD, tokens tokens. Names of sessions and
-- models are long and many rows carry them, so rows carry their numbers.

CREATE TABLE session (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,  -- session.id; '' holds what came without one
    project        TEXT,
    branch         TEXT,
    client_version TEXT,
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    last_arrival   INTEGER NOT NULL,
    has_events     INTEGER NOT NULL,
    has_metrics    INTEGER NOT NULL
) STRICT;

-- Serves: the sessions last active, newest first; the history that the watch begins from.
CREATE INDEX session_by_arrival ON session (last_arrival);

CREATE TABLE model (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- One running client program. Over HTTP it is one connection; a new connection continues a process when its
-- events continue the running number.
CREATE TABLE process (
    id             INTEGER PRIMARY KEY,
    session        INTEGER NOT NULL,      -- the last one it spoke of
    client_version TEXT,
    first_arrival  INTEGER NOT NULL,
    last_arrival   INTEGER NOT NULL,
    last_sequence  INTEGER NOT NULL       -- the largest event.sequence seen
) STRICT;

-- Serves: which process a new connection continues.
CREATE INDEX process_by_session ON process (session);

-- One row per API request, for ever. The row's number is the revision of its last change, so that paging by
-- revision needs no index of its own.
CREATE TABLE request (
    revision          INTEGER PRIMARY KEY,
    key               TEXT NOT NULL UNIQUE,  -- request_id; '~...' where there is none
    session           INTEGER NOT NULL,
    process           INTEGER,
    model             INTEGER NOT NULL,
    source            INTEGER NOT NULL,
    subsystem         TEXT,
    agent             TEXT,
    agent_name        TEXT,
    at                INTEGER NOT NULL,
    arrived           INTEGER NOT NULL,
    input             INTEGER NOT NULL,
    output            INTEGER NOT NULL,
    cache_read        INTEGER NOT NULL,
    cache_creation    INTEGER NOT NULL,
    cache_creation_1h INTEGER,
    cost              INTEGER,
    duration_ms       INTEGER,
    ttft_ms           INTEGER,
    effort            TEXT,
    orchestration     TEXT,
    witnesses         INTEGER NOT NULL
) STRICT;

-- Serves: the records of one session in order of revision (the row number follows the session in the index).
CREATE INDEX request_by_session ON request (session);

-- What delta metrics told, one row per series and span. The key begins with the time, so that rows are
-- appended and a repeated one is found in a page that is still at hand.
CREATE TABLE point (
    time           INTEGER NOT NULL,      -- as received
    series         INTEGER NOT NULL,
    start          INTEGER NOT NULL,      -- as received
    session        INTEGER NOT NULL,
    model          INTEGER NOT NULL,
    source         INTEGER NOT NULL,
    at             INTEGER NOT NULL,      -- the time it was booked under
    input          INTEGER,               -- NULL: the export did not hold this type
    output         INTEGER,
    cache_read     INTEGER,
    cache_creation INTEGER,
    cost           INTEGER,
    PRIMARY KEY (time, series, start)
) STRICT, WITHOUT ROWID;

-- What cumulative metrics told: per series, start and quarter hour the largest values. Increments follow from
-- the running maximum over the quarters, in whatever order the readings came.
CREATE TABLE series (
    series         INTEGER NOT NULL,
    start          INTEGER NOT NULL,      -- as received
    quarter        INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL,
    cost           INTEGER NOT NULL,
    PRIMARY KEY (series, start, quarter)
) STRICT, WITHOUT ROWID;

-- Counters that are neither tokens nor cost: delta points, and the largest value of each cumulative series
-- (time 0).
CREATE TABLE counter (
    time    INTEGER NOT NULL,
    series  INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    session INTEGER NOT NULL,
    name    TEXT NOT NULL,
    detail  TEXT,
    at      INTEGER NOT NULL,
    value   INTEGER NOT NULL,
    PRIMARY KEY (time, series, start)
) STRICT, WITHOUT ROWID;

-- What happened in sessions besides requests. The meaning of name, a, b and c by kind is in table/event.rs.
CREATE TABLE event (
    time    INTEGER NOT NULL,
    hash    INTEGER NOT NULL,
    session INTEGER NOT NULL,
    process INTEGER,
    kind    INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    name    TEXT,
    a       INTEGER,
    b       INTEGER,
    c       INTEGER,
    PRIMARY KEY (time, hash)
) STRICT, WITHOUT ROWID;

-- The roll-ups: per session, model, source and quarter hour what requests tell (side 0), what metrics tell
-- (side 1), and what only metrics know (side 2, derived from the other two).
CREATE TABLE quarter (
    session        INTEGER NOT NULL,
    model          INTEGER NOT NULL,
    source         INTEGER NOT NULL,
    quarter        INTEGER NOT NULL,
    side           INTEGER NOT NULL,
    requests       INTEGER NOT NULL,
    unpriced       INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL,
    cost           INTEGER NOT NULL,
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    PRIMARY KEY (session, model, source, quarter, side)
) STRICT, WITHOUT ROWID;

-- Serves: reports over a span of time.
CREATE INDEX quarter_by_time ON quarter (quarter);

-- Serves: at start, the sessions whose unattributed use may have to be published.
CREATE INDEX quarter_unattributed ON quarter (session)
    WHERE side = 2 AND input + output + cache_read + cache_creation + cost > 0;

-- Which models a session's metrics named with the one-million-token window.
CREATE TABLE million_window (
    session INTEGER NOT NULL,
    model   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (session, model)
) STRICT, WITHOUT ROWID;

-- Unattributed use as it was published among the usage records.
CREATE TABLE remainder (
    revision       INTEGER PRIMARY KEY,
    session        INTEGER NOT NULL,
    model          INTEGER NOT NULL,
    source         INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL,
    cost           INTEGER NOT NULL,
    from_at        INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    UNIQUE (session, model, source)
) STRICT;

-- Alerts, claimed before they act: once per thread, cycle and level.
CREATE TABLE alert (
    revision  INTEGER PRIMARY KEY,
    session   INTEGER NOT NULL,
    process   INTEGER NOT NULL,           -- 0: not known
    agent     TEXT NOT NULL,              -- '': the main thread
    cycle     INTEGER NOT NULL,
    level     INTEGER NOT NULL,
    occupancy INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    UNIQUE (session, process, agent, cycle, level)
) STRICT;
