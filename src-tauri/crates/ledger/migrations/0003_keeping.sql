-- What is left of rows that were pruned because the user asked for it.

-- The names of pruned requests as 128-bit hashes: who tells of one again tells nothing new.
CREATE TABLE pruned_request (
    name BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The answers to pruned requests, as in request.message: copies of them come under other names.
CREATE TABLE pruned_message (
    message INTEGER PRIMARY KEY
) STRICT;

-- What pruned requests used, by the cells of `quarter`, whose sums still hold it.
CREATE TABLE pruned_use (
    session        INTEGER NOT NULL,
    model          INTEGER NOT NULL,
    source         INTEGER NOT NULL,
    quarter        INTEGER NOT NULL,
    requests       INTEGER NOT NULL,
    unpriced       INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL,
    cost           INTEGER NOT NULL,
    PRIMARY KEY (session, model, source, quarter)
) STRICT, WITHOUT ROWID;

-- What delta metrics, counters and events told before this time is pruned, and is not taken again.
CREATE TABLE pruned_before (
    id   INTEGER PRIMARY KEY CHECK (id = 0),
    time INTEGER NOT NULL
) STRICT;
