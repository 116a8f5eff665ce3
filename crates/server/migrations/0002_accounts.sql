-- People who have an account. An account's id is never shown to other people; `person` is what rooms,
-- progress and attendance know somebody by.
CREATE TABLE accounts (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,   -- lower case, trimmed
    name          TEXT NOT NULL,
    person        TEXT NOT NULL UNIQUE,   -- `account:<id>`, or the guest's whom the account took over
    password_hash TEXT,                   -- Argon2id; null where one logs in through OpenID Connect only
    admin         INTEGER NOT NULL,
    disabled      INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,       -- raised by "log out everywhere": tokens of an earlier one end
    created_at    INTEGER NOT NULL,       -- ms since the Unix epoch, as all instants here
    seen_at       INTEGER                 -- to a few minutes
);

-- Who an OpenID provider says somebody is.
CREATE TABLE account_links (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;
CREATE INDEX account_links_account ON account_links (account);

-- Browsers that are logged in. The cookie's value is not here, only its hash.
CREATE TABLE sessions (
    cookie_hash BLOB PRIMARY KEY,         -- SHA-256
    id          TEXT NOT NULL UNIQUE,     -- what the person's list of sessions calls it
    account     TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    agent       TEXT NOT NULL,            -- the browser's own words, cut
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,         -- to a few minutes
    expires_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Keys that sign JWTs. The newest signs; the others verify until everything they signed has expired.
CREATE TABLE token_keys (
    kid         TEXT PRIMARY KEY,
    secret      BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    last_expiry INTEGER NOT NULL          -- of anything that it signed
) WITHOUT ROWID;

-- Invitations to sign up, each good for one account.
CREATE TABLE sign_up_invites (
    token_hash BLOB PRIMARY KEY,          -- SHA-256
    email      TEXT,                      -- only for this address, where given
    admin      INTEGER NOT NULL,          -- the account becomes an administrator's
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) WITHOUT ROWID;

-- What happened to the server and its accounts, for its administrators. What happens in rooms is kept elsewhere.
CREATE TABLE server_audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    act    TEXT NOT NULL,                 -- stable: login_refused, account_made, ...
    by     TEXT,                          -- who, for people: an e-mail address, `admin key`, `command line`
    target TEXT,                          -- whom or what it was done to
    detail TEXT
);
