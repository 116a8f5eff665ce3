-- Rooms and their logs. Times are milliseconds of the server's clock since the Unix epoch.

-- Single values of the whole server, such as its signing key.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE rooms (
    code          TEXT PRIMARY KEY,
    created_at    INTEGER NOT NULL,
    host_key_hash BLOB NOT NULL,          -- SHA-256 of a random key
    password_hash TEXT,                   -- Argon2id, where the room has a password
    snapshot      TEXT NOT NULL,          -- the room's state as JSON ...
    snapshot_seq  INTEGER NOT NULL,       -- ... after this entry of its log
    occupied      INTEGER NOT NULL,       -- 1 while seats are connected, so that a restart knows whom it lost
    terminal      INTEGER NOT NULL,       -- 1 once ended or expired; never 0 again
    deadline      INTEGER                 -- when the room wants a tick next
);
CREATE INDEX rooms_due ON rooms (terminal, deadline);

-- What happened since the snapshot, in order.
CREATE TABLE entries (
    room  TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (room, seq)
) WITHOUT ROWID;

-- Chat, whole; the room itself keeps a tail. Writing a message twice is harmless.
CREATE TABLE messages (
    room    TEXT NOT NULL,
    id      INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (room, id)
) WITHOUT ROWID;
