-- What stays of parties, and how far people came. Instants are ms since the Unix epoch, positions seconds.

-- Whose rooms somebody can find again, and since when a room is over: its code is burnt for a while after that.
ALTER TABLE rooms ADD COLUMN owner TEXT;         -- the person who made it, where they were known
ALTER TABLE rooms ADD COLUMN ended_at INTEGER;
CREATE INDEX rooms_owner ON rooms (owner) WHERE owner IS NOT NULL;
CREATE INDEX rooms_ended ON rooms (ended_at) WHERE ended_at IS NOT NULL;
-- Rooms that were over before we counted begin their time now.
UPDATE rooms SET ended_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000 WHERE terminal = 1;

-- One row a party; written with its room's snapshot, and left when the room is purged.
CREATE TABLE parties (
    room       TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,                  -- when somebody first came
    ended_at   INTEGER,                  -- when it ended or expired
    changed_at INTEGER NOT NULL,         -- of the snapshot that this was written with
    peak       INTEGER NOT NULL,         -- most people connected at a time
    messages   INTEGER NOT NULL,
    reactions  INTEGER NOT NULL,
    watched    INTEGER NOT NULL,         -- ms in which something played with somebody there
    titles     TEXT NOT NULL,            -- JSON: what was played, in order
    media      TEXT,                     -- JSON: what was on last ...
    position   REAL NOT NULL,            -- ... and where it stood
    policy     TEXT NOT NULL,            -- JSON: to open another one like it
    visibility TEXT NOT NULL,
    seq        INTEGER NOT NULL          -- of the snapshot; an older one never overwrites a newer
) WITHOUT ROWID;

-- Who was let in to which party.
CREATE TABLE attendance (
    room     TEXT NOT NULL,
    person   TEXT NOT NULL,
    member   INTEGER NOT NULL,           -- their number in that room
    name     TEXT NOT NULL,              -- as last shown
    role     TEXT NOT NULL,              -- host, co_host or viewer, as last held
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (room, person)
) WITHOUT ROWID;
CREATE INDEX attendance_person ON attendance (person, last_at);

-- The audit log of rooms; the room itself keeps a tail.
CREATE TABLE acts (
    room TEXT NOT NULL,
    id   INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    act  TEXT NOT NULL,                  -- JSON
    PRIMARY KEY (room, id)
) WITHOUT ROWID;
CREATE INDEX acts_at ON acts (at);

-- How far somebody came with a medium, in each room on its own; '' is outside of any.
CREATE TABLE progress (
    person    TEXT NOT NULL,
    media     TEXT NOT NULL,             -- the medium's key
    room      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    title     TEXT NOT NULL,
    position  REAL NOT NULL,
    duration  REAL,
    completed INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (person, media, room)
) WITHOUT ROWID;
CREATE INDEX progress_newest ON progress (person, at);
