-- The outbox. Times are Unix seconds UTC.

-- Marks the file as recado's ("reca"), so that recado never uses the database of another application as its queue.
PRAGMA application_id = 0x72656361;

-- Everything that recado has to send. An entry's id is its microsecond of arrival, made unique. It is never used twice,
-- so a late status cannot settle another entry's attempt.
CREATE TABLE entry (
  id              INTEGER PRIMARY KEY,
  state           TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'unknown', 'delivered', 'failed', 'discarded')),
  channel         TEXT NOT NULL,             -- how it is sent
  lane            TEXT NOT NULL,             -- what has a rate and a breaker of its own: a business number
  key             TEXT NOT NULL,             -- entries of one key are sent in order, one at a time: the customer
  phone           TEXT,
  user_id         TEXT,
  wamid           TEXT,                      -- the customer's message that is replied to, if it is a reply
  answers         TEXT,                      -- JSON: wamids of earlier messages whose replies it superseded
  content         TEXT NOT NULL,             -- JSON, see whatsapp/content.py and events/event.py
  event_id        INTEGER,                   -- the event that it carries to an endpoint; NULL for an entry to a customer
  written_at      REAL NOT NULL,             -- when the customer wrote, by Meta: the order within a key, then by id
  received_at     REAL NOT NULL,
  deadline_at     REAL NOT NULL,             -- never sent after this
  due_at          REAL,
  attempts        INTEGER NOT NULL DEFAULT 0, -- sends begun
  spent           INTEGER NOT NULL DEFAULT 0, -- of these, those that count against the limit
  throttles       INTEGER NOT NULL DEFAULT 0,
  unknowns        INTEGER NOT NULL DEFAULT 0,
  suspect_at      REAL,                      -- when its last attempt failed as it would in an outage
  hopeless        TEXT,                      -- why it fails when it is due, unless an outage was to blame
  failed_attempt  INTEGER NOT NULL DEFAULT 0, -- the newest attempt that Meta said has failed
  lease_owner     TEXT,                      -- 'job' of a reply that waits for its job
  lease_until     REAL,
  error_class     TEXT,
  error_code      INTEGER,
  error_detail    TEXT,
  reason          TEXT,
  sent_wamid      TEXT,                      -- Meta's id of the reply
  sent_attempt    INTEGER,                   -- the attempt that Meta accepted under it
  finished_at     REAL,
  traceparent     TEXT,
  CHECK (channel NOT IN ('whatsapp', 'template') OR phone IS NOT NULL OR user_id IS NOT NULL),
  CHECK ((channel = 'http') = (event_id IS NOT NULL)),
  CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
  CHECK ((state IN ('queued', 'unknown')) = (due_at IS NOT NULL)),
  CHECK ((state IN ('delivered', 'failed', 'discarded')) = (finished_at IS NOT NULL)),
  CHECK ((state = 'failed' OR reason IS 'superseded') = (reason IS NOT NULL))
) STRICT;
CREATE INDEX entry_due ON entry (channel, lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX entry_deadline ON entry (deadline_at) WHERE due_at IS NOT NULL;
CREATE INDEX entry_lease ON entry (lease_until) WHERE lease_until IS NOT NULL;
-- Finds the first entry of a key: the one under way, otherwise the one that was written first.
CREATE INDEX entry_first ON entry (key, lease_until IS NULL, written_at) WHERE finished_at IS NULL;
CREATE INDEX entry_sent ON entry (sent_wamid) WHERE sent_wamid IS NOT NULL;
CREATE INDEX entry_finished ON entry (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX entry_waiting ON entry (lane, id) WHERE channel = 'http' AND finished_at IS NULL;
CREATE INDEX entry_event ON entry (event_id) WHERE event_id IS NOT NULL;
-- Lets operators page through failed entries by id at the same cost, however many other entries there are.
CREATE INDEX entry_failed ON entry (id) WHERE state = 'failed';

-- A customer's message that was acknowledged, by a keyed hash of its wamid.
CREATE TABLE seen_message (
  id        INTEGER PRIMARY KEY,             -- the microsecond when it was first seen, made unique
  wamid_key TEXT NOT NULL UNIQUE
) STRICT;

-- A customer at a business number: when the next reply may be sent, the latest replies (operations/customers.py), and
-- what belongs to the session. A customer without a row is new, with a session of version 0.
CREATE TABLE customer (
  key        TEXT PRIMARY KEY,
  next_at    REAL NOT NULL DEFAULT 0,
  version    INTEGER NOT NULL DEFAULT 0,     -- one more with each change of the session
  talk       TEXT,                           -- JSON, see orders/session.py
  streak     TEXT,
  written_at REAL NOT NULL DEFAULT 0         -- when he wrote last, by Meta
) STRICT, WITHOUT ROWID;

CREATE INDEX customer_held ON customer (talk ->> '$.handoff.until')
  WHERE talk ->> '$.handoff.until' IS NOT NULL;

-- Quotes. Money is text: a REAL would round it.
CREATE TABLE quote (
  id          INTEGER PRIMARY KEY,           -- of the entry that gives it, and of his message in seen_message
  token       TEXT NOT NULL UNIQUE,
  key         TEXT NOT NULL,
  state       TEXT NOT NULL,
  source      TEXT NOT NULL,
  currency    TEXT NOT NULL,
  lines       TEXT NOT NULL,                 -- JSON, see orders/quote.py
  total       TEXT NOT NULL,
  opened_at   REAL NOT NULL,
  changed_at  REAL NOT NULL,
  expires_at  REAL NOT NULL,
  closed_at   REAL,
  accepted_at REAL,                          -- when Meta accepted the reply; before that the customer has not seen it
  sent_wamid  TEXT,                          -- Meta's id of that reply, by which he may quote it
  reminder_id INTEGER,                       -- of the entry that reminds of it
  traceparent TEXT,                          -- of the message that made it, if that was sampled
  CHECK ((state = 'open') = (closed_at IS NULL))
) STRICT;
CREATE INDEX quote_newest ON quote (key, id);
CREATE UNIQUE INDEX quote_open ON quote (key) WHERE state = 'open';
CREATE INDEX quote_expiry ON quote (expires_at) WHERE state = 'open';
CREATE INDEX quote_sent ON quote (sent_wamid) WHERE sent_wamid IS NOT NULL;
CREATE INDEX quote_reminder ON quote (reminder_id) WHERE reminder_id IS NOT NULL;

-- The shop's orders.
CREATE TABLE shop_order (
  number          INTEGER PRIMARY KEY,
  quote           TEXT NOT NULL UNIQUE,      -- the token: no quote makes two orders
  key             TEXT NOT NULL,
  phone           TEXT,
  user_id         TEXT,
  channel         TEXT NOT NULL,
  lane            TEXT NOT NULL,             -- the business number that it was placed at
  state           TEXT NOT NULL CHECK (state IN ('placed', 'accepted', 'completed', 'cancelled')),
  source          TEXT NOT NULL,
  currency        TEXT NOT NULL,
  lines           TEXT NOT NULL,
  total           TEXT NOT NULL,
  left_out        TEXT NOT NULL,             -- JSON
  location        TEXT,
  placed_at       REAL NOT NULL,
  changed_at      REAL NOT NULL,
  steps           TEXT NOT NULL DEFAULT '[]', -- JSON, see orders/shop.py
  placed_id       INTEGER NOT NULL,          -- of the message that placed it: counts up by commits, as numbers do not
  traceparent     TEXT                       -- of that message, if it was sampled
) STRICT;
CREATE INDEX shop_order_newest ON shop_order (key, number);
CREATE INDEX shop_order_state ON shop_order (state, placed_id);
CREATE UNIQUE INDEX shop_order_in_turn ON shop_order (placed_id);
CREATE INDEX shop_order_placed ON shop_order (placed_at);

-- Events for the shop's systems. An event's id is its microsecond, made unique; the sequence counts up within a key.
CREATE TABLE event (
  id       INTEGER PRIMARY KEY,
  type     TEXT NOT NULL,
  key      TEXT NOT NULL,                    -- the customer
  sequence INTEGER NOT NULL,
  at       REAL NOT NULL,
  content  TEXT NOT NULL                     -- JSON, see events/event.py
) STRICT;
CREATE UNIQUE INDEX event_sequence ON event (key, sequence);

-- Things that customers asked for and the shop does not sell, once a day for each customer. The customer is a keyed
-- hash. Days are counted from 1970.
CREATE TABLE asked (
  day      INTEGER NOT NULL,
  phrase   TEXT NOT NULL,
  kind     TEXT NOT NULL,
  customer TEXT NOT NULL,
  PRIMARY KEY (day, phrase, kind, customer)
) STRICT, WITHOUT ROWID;
CREATE INDEX asked_customer ON asked (customer);

-- How many conversations a person took over at an instant, and why, without data about customers.
CREATE TABLE handoff (
  at     REAL NOT NULL,
  reason TEXT NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (at, reason)
) STRICT, WITHOUT ROWID;

-- The key of a customer for each of his other names: phone number, user id, earlier names.
CREATE TABLE identity (
  name TEXT PRIMARY KEY,
  key  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_key ON identity (key);
CREATE TRIGGER customer_forgotten AFTER DELETE ON customer BEGIN
  DELETE FROM identity WHERE key = old.key;
  DELETE FROM quote WHERE key = old.key;
END;

-- A lane of a channel, and its breaker.
CREATE TABLE lane (
  channel         TEXT NOT NULL,
  name            TEXT NOT NULL,
  failures        INTEGER NOT NULL DEFAULT 0,
  open_reason     TEXT,
  opened_at       REAL,
  probe_at        REAL NOT NULL DEFAULT 0,   -- no probe, and no trial of an open breaker, before
  reachable       INTEGER NOT NULL DEFAULT 0, -- the last probe of an open breaker was answered
  unknown_trials  INTEGER NOT NULL DEFAULT 0, -- trials in a row whose outcome is unknown
  good_at         REAL NOT NULL DEFAULT 0,   -- when Graph last gave a verdict
  outage_at       REAL NOT NULL DEFAULT 0,   -- when the lane was last known to be in an outage
  PRIMARY KEY (channel, name),
  CHECK ((open_reason IS NULL) = (opened_at IS NULL))
) STRICT, WITHOUT ROWID;

-- The turns of a lane, at its rate: when the next one is, and how many were taken together last.
CREATE TABLE pace (
  channel TEXT NOT NULL,
  lane    TEXT NOT NULL,
  next_at REAL NOT NULL,
  taken   INTEGER NOT NULL,
  PRIMARY KEY (channel, lane)
) STRICT, WITHOUT ROWID;

-- Totals that survive every pod, written in the transaction of the facts that they count.
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
  channel TEXT NOT NULL,
  lane    TEXT NOT NULL,
  state   TEXT NOT NULL,
  rows    INTEGER NOT NULL,
  PRIMARY KEY (channel, lane, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER entry_inserted AFTER INSERT ON entry BEGIN
  INSERT INTO state_count VALUES (new.channel, new.lane, new.state, 1)
  ON CONFLICT (channel, lane, state) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER entry_deleted AFTER DELETE ON entry BEGIN
  UPDATE state_count SET rows = rows - 1 WHERE channel = old.channel AND lane = old.lane AND state = old.state;
END;
-- When an entry ends, the next one of its key becomes due. It was postponed to the due time of the first one.
CREATE TRIGGER entry_ended AFTER UPDATE OF finished_at ON entry
WHEN old.finished_at IS NULL AND new.finished_at IS NOT NULL BEGIN
  UPDATE entry SET due_at = new.finished_at
  WHERE key = new.key AND finished_at IS NULL AND state = 'queued' AND attempts = 0
    AND due_at > new.finished_at AND lease_owner IS NOT 'job';
END;
CREATE TRIGGER entry_moved AFTER UPDATE OF state ON entry WHEN old.state <> new.state BEGIN
  UPDATE state_count SET rows = rows - 1 WHERE channel = old.channel AND lane = old.lane AND state = old.state;
  INSERT INTO state_count VALUES (new.channel, new.lane, new.state, 1)
  ON CONFLICT (channel, lane, state) DO UPDATE SET rows = rows + 1;
END;
