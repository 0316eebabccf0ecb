-- The outbox. Times are Unix seconds UTC. A message's id is its microsecond of arrival, made unique: it is never
-- used twice, so that a late status cannot settle somebody else's attempt.
CREATE TABLE message (
  id              INTEGER PRIMARY KEY,
  state           TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'unknown', 'delivered', 'failed', 'discarded')),
  phone_number_id TEXT NOT NULL,
  customer        TEXT NOT NULL,             -- key of the customer at this business number
  phone           TEXT,
  user_id         TEXT,
  wamid           TEXT NOT NULL,             -- the customer's message that is answered
  text            TEXT NOT NULL,
  received_at     REAL NOT NULL,
  deadline_at     REAL NOT NULL,             -- never sent after this
  due_at          REAL,
  attempts        INTEGER NOT NULL DEFAULT 0, -- sends begun
  spent           INTEGER NOT NULL DEFAULT 0, -- of these, those that count against the limit
  throttles       INTEGER NOT NULL DEFAULT 0,
  unknowns        INTEGER NOT NULL DEFAULT 0,
  lease_owner     TEXT,
  lease_until     REAL,
  error_class     TEXT,
  error_code      INTEGER,
  error_detail    TEXT,
  reason          TEXT,
  sent_wamid      TEXT,
  finished_at     REAL,
  traceparent     TEXT,
  CHECK (phone IS NOT NULL OR user_id IS NOT NULL),
  CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
  CHECK ((state IN ('queued', 'unknown')) = (due_at IS NOT NULL)),
  CHECK ((state IN ('delivered', 'failed', 'discarded')) = (finished_at IS NOT NULL)),
  CHECK ((state = 'failed') = (reason IS NOT NULL))
) STRICT;
CREATE INDEX message_due ON message (phone_number_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_deadline ON message (deadline_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_lease ON message (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX message_in_flight ON message (customer) WHERE lease_until IS NOT NULL;
CREATE INDEX message_finished ON message (state, finished_at) WHERE finished_at IS NOT NULL;

-- A customer's message that was acknowledged, by a keyed hash of its wamid.
CREATE TABLE claim (
  id        INTEGER PRIMARY KEY,             -- the microsecond of the claim, made unique
  wamid_key TEXT NOT NULL UNIQUE
) STRICT;

-- What is kept of a customer at a business number: from when he may be written to, when he was quoted last, and what
-- he has been told of late (see streak.py).
CREATE TABLE customer (
  customer  TEXT PRIMARY KEY,
  next_at   REAL NOT NULL DEFAULT 0,
  quoted_at REAL,
  streak    TEXT
) STRICT, WITHOUT ROWID;

-- From each name of a customer (phone number, user id, those of before) to the one under which he is kept.
CREATE TABLE identity (
  name     TEXT PRIMARY KEY,
  customer TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_customer ON identity (customer);
CREATE TRIGGER customer_forgotten AFTER DELETE ON customer BEGIN
  DELETE FROM identity WHERE customer = old.customer;
END;

-- A business number: its next turn under the rate limit, and its breaker.
CREATE TABLE sender (
  phone_number_id TEXT PRIMARY KEY,
  next_at         REAL NOT NULL DEFAULT 0,
  failures        INTEGER NOT NULL DEFAULT 0,
  open_reason     TEXT,
  opened_at       REAL,
  probe_at        REAL,
  CHECK ((open_reason IS NULL) = (opened_at IS NULL)),
  CHECK ((open_reason IS NULL) = (probe_at IS NULL))
) STRICT, WITHOUT ROWID;

-- Totals that survive every pod, written together with the facts they count.
CREATE TABLE total (
  metric TEXT NOT NULL,
  labels TEXT NOT NULL,                      -- JSON array of label values
  value  REAL NOT NULL,
  PRIMARY KEY (metric, labels)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows by state, so that a count costs the same at a million rows.
CREATE TABLE state_count (
  state TEXT PRIMARY KEY,
  rows  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO state_count VALUES
  ('queued', 0), ('sending', 0), ('unknown', 0), ('delivered', 0), ('failed', 0), ('discarded', 0);
CREATE TRIGGER message_inserted AFTER INSERT ON message BEGIN
  UPDATE state_count SET rows = rows + 1 WHERE state = new.state;
END;
CREATE TRIGGER message_deleted AFTER DELETE ON message BEGIN
  UPDATE state_count SET rows = rows - 1 WHERE state = old.state;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF state ON message WHEN old.state <> new.state BEGIN
  UPDATE state_count SET rows = rows - 1 WHERE state = old.state;
  UPDATE state_count SET rows = rows + 1 WHERE state = new.state;
END;
