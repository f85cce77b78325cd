-- Version 3 of the state. application_id and user_version are set by the code that runs this file.
-- STRICT: a wrong type is an error here, not a surprise later. Digests are text as on the wire; instants are epoch
-- milliseconds.

-- Trust: what may only move forward.
CREATE TABLE collection (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  gun TEXT NOT NULL,
  generation INTEGER NOT NULL CHECK (generation > 0),
  anchor TEXT NOT NULL CHECK (anchor IN ('root-file', 'keys', 'ca', 'first-use')),
  has_view INTEGER NOT NULL CHECK (has_view IN (0, 1)),
  checked_at INTEGER NOT NULL,
  withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
  UNIQUE (source, gun)
) STRICT;

-- A file once, however many of chain, floors and view refer to it.
CREATE TABLE trust_file (
  id INTEGER PRIMARY KEY,
  collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  UNIQUE (collection, role, sha256)
) STRICT;
CREATE INDEX trust_file_sha256 ON trust_file (sha256);

-- Its bytes, in parts that are stored one by one before the file is, because writing 20 MB at once would hold the
-- database for a second. By their hash: parts that no file refers to (yet) mean nothing.
CREATE TABLE trust_part (
  sha256 TEXT NOT NULL,
  part INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (sha256, part)
) STRICT;

CREATE TABLE trust_root (
  collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  file INTEGER NOT NULL REFERENCES trust_file (id),
  PRIMARY KEY (collection, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX trust_root_file ON trust_root (file);

CREATE TABLE trust_floor (
  collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  file INTEGER NOT NULL REFERENCES trust_file (id),
  PRIMARY KEY (collection, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX trust_floor_file ON trust_floor (file);

CREATE TABLE trust_view (
  collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  file INTEGER NOT NULL REFERENCES trust_file (id),
  PRIMARY KEY (collection, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX trust_view_file ON trust_view (file);

-- Who named which digest for a tag and does no more. What is named today is in the files of the view: writing a row for
-- each tag would hold the database for seconds when a collection has 100,000.
CREATE TABLE ended_tag (
  collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT NOT NULL,
  until INTEGER NOT NULL,
  -- When the role last named nothing for the tag any more: it was removed or revoked, not moved.
  removed_at INTEGER,
  PRIMARY KEY (collection, digest, tag, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_tag_removed ON ended_tag (collection, tag, removed_at) WHERE removed_at IS NOT NULL;

-- Digests that a source took back. No reference to its collection: what becomes of that must not let an image back in.
CREATE TABLE withdrawal (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  source TEXT NOT NULL,
  at INTEGER NOT NULL,
  who TEXT,
  reason TEXT,
  seen_at INTEGER NOT NULL,
  -- [[role, version], …] in the order of the names.
  versions TEXT NOT NULL,
  -- 0 while what is cached of it may still be there: a crash in between is made good at the next start.
  carried_out INTEGER NOT NULL CHECK (carried_out IN (0, 1)),
  PRIMARY KEY (repository, digest, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawal_pending ON withdrawal (seen_at) WHERE carried_out = 0;

CREATE TABLE clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  highest INTEGER NOT NULL,
  -- How often it was set back: a process that remembers a higher instant from before then forgets it.
  lowered INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Closure: a manifest and what it names. Content-addressed: a row never changes.
CREATE TABLE manifest (
  digest TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE edge (
  parent TEXT NOT NULL REFERENCES manifest (digest),
  child TEXT NOT NULL,
  size INTEGER NOT NULL CHECK (size >= 0),
  media_type TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('manifest', 'blob')),
  PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_child ON edge (child);
CREATE INDEX edge_manifest ON edge (parent, child) WHERE kind = 'manifest';

CREATE TABLE given_out (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  tag TEXT NOT NULL,
  verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
  basis TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (repository, digest, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX given_out_digest ON given_out (digest, repository);
CREATE INDEX given_out_tag ON given_out (repository, tag, at);

-- The decision log: columns for what is filtered, JSON for the rest.
CREATE TABLE decision (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  count INTEGER NOT NULL CHECK (count > 0),
  event TEXT NOT NULL,
  verdict TEXT NOT NULL,
  would_deny INTEGER NOT NULL,
  repository TEXT NOT NULL,
  tag TEXT,
  reason TEXT,
  client TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  rule TEXT,
  digest TEXT,
  body TEXT NOT NULL,
  -- sha256 over all but the times: equal ones fold.
  fold TEXT NOT NULL,
  -- What the row costs, about; the limit on the log is over its sum.
  bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_at ON decision (at, bytes);
CREATE INDEX decision_fold ON decision (fold, first_at);
CREATE INDEX decision_digest ON decision (digest, at) WHERE digest IS NOT NULL;
