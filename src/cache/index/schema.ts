/** "tufc": tells our indexes from any other database. */
export const APPLICATION_ID = 0x74756663;
export const SCHEMA_VERSION = 1;

/**
 * Digests are text as on the wire. `used_at` is microseconds, so that uses within one millisecond keep their order; `verified_at`
 * milliseconds, 0 when the file was never hashed here. The sums are kept by triggers, within the transaction that changes the rows:
 * adding up a million rows takes longer than a start may.
 */
export const SCHEMA = `
CREATE TABLE blob (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL CHECK (size >= 0),
  allocated INTEGER NOT NULL CHECK (allocated >= 0),
  inode INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  verified_at INTEGER NOT NULL
) STRICT;
CREATE INDEX blob_used ON blob (used_at);
CREATE INDEX blob_verified ON blob (verified_at);

CREATE TABLE totals (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  blobs INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  allocated INTEGER NOT NULL,
  -- Whether all that was written is on the disk, and else since which start of the machine it is written without asking for that.
  boot TEXT NOT NULL,
  clean INTEGER NOT NULL CHECK (clean IN (0, 1))
) STRICT;
INSERT INTO totals VALUES (1, 0, 0, 0, '', 1);

CREATE TRIGGER blob_came AFTER INSERT ON blob BEGIN
  UPDATE totals SET blobs = blobs + 1, bytes = bytes + NEW.size, allocated = allocated + NEW.allocated;
END;
CREATE TRIGGER blob_went AFTER DELETE ON blob BEGIN
  UPDATE totals SET blobs = blobs - 1, bytes = bytes - OLD.size, allocated = allocated - OLD.allocated;
END;
CREATE TRIGGER blob_changed AFTER UPDATE OF size, allocated ON blob BEGIN
  UPDATE totals SET bytes = bytes + NEW.size - OLD.size, allocated = allocated + NEW.allocated - OLD.allocated;
END;
`;
