-- People as StreamIt's clients know them: accounts and guests, each with a name that is theirs alone.
CREATE TABLE streamit_users (
    id           TEXT PRIMARY KEY,         -- a UUID, told by the person
    person       TEXT NOT NULL UNIQUE,
    username     TEXT NOT NULL COLLATE NOCASE UNIQUE,
    display_name TEXT NOT NULL,            -- a guest's; an account has its own
    guest        INTEGER NOT NULL,         -- 1 for somebody who never had an account
    seen_at      INTEGER NOT NULL          -- of the last login, ms since the Unix epoch
) WITHOUT ROWID;
CREATE INDEX streamit_users_seen ON streamit_users (guest, seen_at);

-- How far somebody came with what, in each room on its own. A film has no season and no episode: -1, so that they count in the key.
CREATE TABLE streamit_progress (
    person     TEXT NOT NULL,
    room       TEXT NOT NULL,
    media      TEXT NOT NULL,
    kind       TEXT NOT NULL,              -- movie, tv, or the provider's name
    season     INTEGER NOT NULL DEFAULT -1,
    episode    INTEGER NOT NULL DEFAULT -1,
    position   REAL NOT NULL,
    duration   REAL NOT NULL,
    percent    REAL NOT NULL,
    completed  INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (person, room, media, kind, season, episode)
) WITHOUT ROWID;
CREATE INDEX streamit_progress_room ON streamit_progress (room);
