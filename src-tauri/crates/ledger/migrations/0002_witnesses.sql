-- More than one witness tells of a request: what each of them told, which names are the same request, and how
-- far each source was read.

-- A hash of the provider's id of the answer, by which copies are recognised; only transcripts tell it.
ALTER TABLE request ADD COLUMN message INTEGER;
-- 1: only a side log told of it, which may repeat requests of the conversation under new ids.
ALTER TABLE request ADD COLUMN side_log INTEGER NOT NULL DEFAULT 0;
-- Whether the answer came to its end; NULL: not told.
ALTER TABLE request ADD COLUMN finished INTEGER;
ALTER TABLE request ADD COLUMN fast INTEGER;
ALTER TABLE request ADD COLUMN us_only INTEGER;
ALTER TABLE request ADD COLUMN web_searches INTEGER;
-- What it costs by the price table; NULL: no price.
ALTER TABLE request ADD COLUMN price INTEGER;
-- 1: turned out to be another one under a second name (alias); it counts nothing any more.
ALTER TABLE request ADD COLUMN retracted INTEGER NOT NULL DEFAULT 0;

-- Serves: whether a request of a conversation was booked from a side log before.
CREATE INDEX request_of_side_log ON request (message) WHERE side_log = 1;

-- Serves: the requests without an id that a telling with one may mean.
CREATE INDEX request_nameless ON request (session, at) WHERE substr(key, 1, 1) = '~';

-- Second names of requests: of copies, and of tellings without a request id.
CREATE TABLE alias (
    key     TEXT PRIMARY KEY,
    request TEXT NOT NULL                -- request.key
) STRICT, WITHOUT ROWID;

-- Serves: the other names of a request that becomes a second name itself.
CREATE INDEX alias_of_request ON alias (request);

-- What a witness told of a request, where that is not what the row holds.
CREATE TABLE telling (
    key            TEXT NOT NULL,
    witness        INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL,
    PRIMARY KEY (key, witness)
) STRICT, WITHOUT ROWID;

ALTER TABLE session ADD COLUMN has_transcript INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN has_hooks INTEGER NOT NULL DEFAULT 0;
-- When telemetry of it last arrived; 0: never.
ALTER TABLE session ADD COLUMN last_telemetry INTEGER NOT NULL DEFAULT 0;
UPDATE session SET last_telemetry = last_arrival;

-- How far each transcript file was read.
CREATE TABLE transcript (
    path     TEXT PRIMARY KEY,
    device   INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    position INTEGER NOT NULL,           -- in bytes, at the end of a line
    head     INTEGER NOT NULL            -- hash of the first line
) STRICT, WITHOUT ROWID;

-- What the client itself states of a session at a normal end, by model.
CREATE TABLE client_total (
    session        INTEGER NOT NULL,
    model          INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL,
    cost           INTEGER,
    PRIMARY KEY (session, model)
) STRICT, WITHOUT ROWID;

-- What the status line last said of a session; NULL: not told.
CREATE TABLE status_report (
    session        INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,
    model          INTEGER,
    window         INTEGER,
    input          INTEGER,
    output         INTEGER,
    cache_read     INTEGER,
    cache_creation INTEGER,
    cost           INTEGER
) STRICT;

-- Running numbers of a process's events that did not arrive.
CREATE TABLE gap (
    process  INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    session  INTEGER NOT NULL,
    since    INTEGER NOT NULL,           -- arrival of the event before it; 0: it is the beginning
    until    INTEGER NOT NULL,           -- arrival of the event after it
    PRIMARY KEY (process, first)
) STRICT, WITHOUT ROWID;
