-- Warnings, claimed before they act.
CREATE TABLE warning (
    revision INTEGER PRIMARY KEY,
    kind     INTEGER NOT NULL,
    session  INTEGER,                    -- NULL: of all sessions
    period   INTEGER NOT NULL,
    amount   INTEGER NOT NULL,
    used_up  INTEGER NOT NULL,           -- 1: of a limit that is used up, rather than near
    at       INTEGER NOT NULL
) STRICT;

-- Serves: each warning once. A NULL differs from every other one.
CREATE UNIQUE INDEX warning_once ON warning (kind, COALESCE(session, 0), period, used_up);
