-- Rooms by the ids that other wire formats know them by. One alias for each room and dialect.
CREATE TABLE aliases (
    dialect TEXT NOT NULL,
    alias   TEXT NOT NULL,               -- in the dialect's own spelling
    room    TEXT NOT NULL,               -- the room's code
    PRIMARY KEY (dialect, alias),
    UNIQUE (room, dialect)
) WITHOUT ROWID;
