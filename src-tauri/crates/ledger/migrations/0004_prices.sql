-- Which table the prices of requests come from: a hash of it. While there is none they may come from any.
CREATE TABLE price_table (
    id   INTEGER PRIMARY KEY CHECK (id = 0),
    hash INTEGER NOT NULL
) STRICT;
