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
  content         TEXT NOT NULL,             -- JSON, see whatsapp/content.py
  written_at      REAL NOT NULL,             -- when the customer wrote, by Meta: replies leave in this order, then by id
  received_at     REAL NOT NULL,
  deadline_at     REAL NOT NULL,             -- never sent after this
  due_at          REAL,
  attempts        INTEGER NOT NULL DEFAULT 0, -- sends begun
  spent           INTEGER NOT NULL DEFAULT 0, -- of these, those that count against the limit
  throttles       INTEGER NOT NULL DEFAULT 0,
  unknowns        INTEGER NOT NULL DEFAULT 0,
  suspect_at      REAL,                      -- when its last attempt failed as it would in an outage
  hopeless        TEXT,                      -- why it is given up when it is due, unless an outage was to blame
  failed_attempt  INTEGER NOT NULL DEFAULT 0, -- the newest attempt that Meta said has failed
  lease_owner     TEXT,
  lease_until     REAL,
  error_class     TEXT,
  error_code      INTEGER,
  error_detail    TEXT,
  reason          TEXT,
  sent_wamid      TEXT,                      -- Meta's id of the reply
  sent_attempt    INTEGER,                   -- the attempt that Meta accepted under it
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
-- Who is first in a customer's line: the reply under way, else the earliest that was written.
CREATE INDEX message_line ON message (customer, lease_until IS NULL, written_at) WHERE finished_at IS NULL;
CREATE INDEX message_sent ON message (sent_wamid) WHERE sent_wamid IS NOT NULL;
CREATE INDEX message_finished ON message (state, finished_at) WHERE finished_at IS NOT NULL;

-- A customer's message that was acknowledged, by a keyed hash of its wamid.
CREATE TABLE claim (
  id        INTEGER PRIMARY KEY,             -- the microsecond of the claim, made unique
  wamid_key TEXT NOT NULL UNIQUE
) STRICT;

-- What is kept of a customer at a business number: from when he may be written to, his open quote, and what
-- he has been told of late (see streak.py).
CREATE TABLE customer (
  customer          TEXT PRIMARY KEY,
  next_at           REAL NOT NULL DEFAULT 0,
  quoted_at         REAL,
  quote_id          INTEGER,                 -- the reply that gives the open quote
  quote_accepted_at REAL,                    -- when Meta accepted that reply; without it nobody has seen the quote
  streak            TEXT
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
  probe_at        REAL NOT NULL DEFAULT 0,   -- no probe, and no trial of an open breaker, before
  reachable       INTEGER NOT NULL DEFAULT 0, -- the last probe of an open breaker was answered
  unknown_trials  INTEGER NOT NULL DEFAULT 0, -- trials in a row whose outcome is unknown
  good_at         REAL NOT NULL DEFAULT 0,   -- when Graph last gave a verdict
  outage_at       REAL NOT NULL DEFAULT 0,   -- when the number was last known to be in an outage
  CHECK ((open_reason IS NULL) = (opened_at IS NULL))
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
-- The end of a reply lets the next in line go: it was put off until the first one was due.
CREATE TRIGGER message_ended AFTER UPDATE OF finished_at ON message
WHEN old.finished_at IS NULL AND new.finished_at IS NOT NULL BEGIN
  UPDATE message SET due_at = new.finished_at
  WHERE customer = new.customer AND finished_at IS NULL AND state = 'queued' AND attempts = 0
    AND due_at > new.finished_at;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF state ON message WHEN old.state <> new.state BEGIN
  UPDATE state_count SET rows = rows - 1 WHERE state = old.state;
  UPDATE state_count SET rows = rows + 1 WHERE state = new.state;
END;
