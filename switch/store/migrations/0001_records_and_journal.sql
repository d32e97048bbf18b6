-- The journal is the one place where records are written: each row holds the records of one
-- decision as JSON, chained by hash to the row before. It grows at its end only, so that a commit
-- of many decisions touches few pages.
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    writer   TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash     BLOB NOT NULL,
    body     BLOB NOT NULL
) STRICT;

CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;

CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;

-- The kinds of record by number; the numbers are those of switch/store/columns.py.
CREATE TABLE kind (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO kind (number, name) VALUES
    (1, 'transaction'), (2, 'reference'), (3, 'posting'), (4, 'account'), (5, 'hold'),
    (6, 'card'), (7, 'merchant'), (8, 'terminal'), (9, 'batch'), (10, 'obligation');

-- The current version of each record: where its JSON stands in the journal, and copies of what
-- look-ups ask for. One tree for all kinds, because what one decision writes begins with the same
-- terminal and so lands on the same page. "sent" names the row of the journal that says that the
-- answer was sent, which made the transaction version 2; the JSON of that one is still that of 1.
CREATE TABLE record (
    id            TEXT NOT NULL,
    kind          INTEGER NOT NULL REFERENCES kind (number),
    version       INTEGER NOT NULL,
    sequence      INTEGER NOT NULL REFERENCES journal (sequence),
    start         INTEGER NOT NULL,
    length        INTEGER NOT NULL,
    sent          INTEGER REFERENCES journal (sequence),
    terminal_id   TEXT,
    merchant_id   TEXT,
    stan          TEXT,
    rrn           TEXT,
    pan_token     TEXT,
    "transaction" TEXT,
    account       TEXT,
    state         TEXT,
    delivery      TEXT,
    business_date TEXT,
    PRIMARY KEY (id, kind)
) STRICT, WITHOUT ROWID;

-- What recovery must look at: by sequence, so that the entries of one commit lie side by side.
CREATE INDEX record_unfinished ON record (sequence)
    WHERE kind = 1 AND (delivery = 'pending' OR state IN ('new', 'forwarded'));

-- No index serves look-ups of transactions by number: each would dirty one more page a purchase, a
-- fifth of what a commit writes. Such a look-up reads the table.

-- To walk over the kinds that are few without reading those that are many.
CREATE INDEX record_few ON record (kind, id) WHERE kind > 3;

-- For people with a SQL shell.
CREATE VIEW current_record AS
    SELECT kind.name AS kind, record.id, record.version, record.sequence,
           iif(record.sent IS NULL OR record.version > 2,
               CAST(substr(journal.body, record.start + 1, record.length) AS TEXT),
               json_set(CAST(substr(journal.body, record.start + 1, record.length) AS TEXT),
                        '$.version', record.version, '$.delivery', record.delivery)) AS body
    FROM record JOIN kind ON kind.number = record.kind JOIN journal USING (sequence);

-- Notes about the store itself, such as the check value of its master key.
CREATE TABLE note (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
