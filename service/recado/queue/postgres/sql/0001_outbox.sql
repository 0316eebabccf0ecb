-- The outbox. Times are Unix seconds UTC by the database's clock.
SET LOCAL search_path = recado;

-- Everything that recado has to send. An entry's id is never used twice, so a late status cannot settle the attempt of
-- another entry.
CREATE TABLE entry (
  id              bigint PRIMARY KEY,
  state           text NOT NULL CHECK (state IN ('queued', 'sending', 'unknown', 'delivered', 'failed', 'discarded')),
  channel         text NOT NULL,
  lane            text NOT NULL,
  key             text NOT NULL,
  phone           text,
  user_id         text,
  wamid           text,
  answers         text,
  content         text NOT NULL,
  event_id        bigint,
  written_at      float8 NOT NULL,
  received_at     float8 NOT NULL,
  deadline_at     float8 NOT NULL,
  due_at          float8,
  attempts        integer NOT NULL DEFAULT 0,
  spent           integer NOT NULL DEFAULT 0,
  throttles       integer NOT NULL DEFAULT 0,
  unknowns        integer NOT NULL DEFAULT 0,
  suspect_at      float8,
  hopeless        text,
  failed_attempt  integer NOT NULL DEFAULT 0,
  lease_owner     text,
  lease_until     float8,
  error_class     text,
  error_code      integer,
  error_detail    text,
  reason          text,
  sent_wamid      text,
  sent_attempt    integer,
  finished_at     float8,
  traceparent     text,
  CHECK (channel NOT IN ('whatsapp', 'template') OR phone IS NOT NULL OR user_id IS NOT NULL),
  CHECK ((channel = 'http') = (event_id IS NOT NULL)),
  CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
  CHECK ((state IN ('queued', 'unknown')) = (due_at IS NOT NULL)),
  CHECK ((state IN ('delivered', 'failed', 'discarded')) = (finished_at IS NOT NULL)),
  CHECK ((state = 'failed' OR reason IS NOT DISTINCT FROM 'superseded') = (reason IS NOT NULL))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX entry_due ON entry (channel, lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX entry_deadline ON entry (deadline_at) WHERE due_at IS NOT NULL;
CREATE INDEX entry_lease ON entry (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX entry_first ON entry (key, (lease_until IS NULL), written_at, id) WHERE finished_at IS NULL;
CREATE INDEX entry_sent ON entry (sent_wamid) WHERE sent_wamid IS NOT NULL;
CREATE INDEX entry_finished ON entry (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX entry_failed ON entry (id) WHERE state = 'failed';
CREATE INDEX entry_waiting ON entry (lane, id) WHERE channel = 'http' AND finished_at IS NULL;
CREATE INDEX entry_event ON entry (event_id) WHERE event_id IS NOT NULL;
-- The database itself refuses two sends at once to one customer.
CREATE UNIQUE INDEX entry_under_way ON entry (key) WHERE lease_until IS NOT NULL;

CREATE TABLE seen_message (
  wamid_key text PRIMARY KEY,
  id        bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
-- An id is the microsecond of an arrival, so it also tells the age.
CREATE INDEX seen_message_id ON seen_message (id);

CREATE TABLE customer (
  key        text PRIMARY KEY,
  next_at    float8 NOT NULL DEFAULT 0,
  version    bigint NOT NULL DEFAULT 0,
  talk       text,
  streak     text,
  written_at float8 NOT NULL DEFAULT 0
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX customer_held ON customer (((talk::json #>> '{handoff,until}')::float8))
  WHERE talk::json #>> '{handoff,until}' IS NOT NULL;

-- Money is text, exactly as computed.
CREATE TABLE quote (
  id          bigint PRIMARY KEY,
  token       text NOT NULL UNIQUE,
  key         text NOT NULL,
  state       text NOT NULL,
  source      text NOT NULL,
  currency    text NOT NULL,
  lines       text NOT NULL,
  total       text NOT NULL,
  opened_at   float8 NOT NULL,
  changed_at  float8 NOT NULL,
  expires_at  float8 NOT NULL,
  closed_at   float8,
  accepted_at float8,
  sent_wamid  text,
  reminder_id bigint,
  traceparent text,
  CHECK ((state = 'open') = (closed_at IS NULL))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX quote_newest ON quote (key, id);
CREATE UNIQUE INDEX quote_open ON quote (key) WHERE state = 'open';
CREATE INDEX quote_expiry ON quote (expires_at) WHERE state = 'open';
CREATE INDEX quote_sent ON quote (sent_wamid) WHERE sent_wamid IS NOT NULL;
CREATE INDEX quote_reminder ON quote (reminder_id) WHERE reminder_id IS NOT NULL;

CREATE TABLE shop_order (
  number          bigint PRIMARY KEY,
  quote           text NOT NULL UNIQUE,
  key             text NOT NULL,
  phone           text,
  user_id         text,
  channel         text NOT NULL,
  lane            text NOT NULL,
  state           text NOT NULL CHECK (state IN ('placed', 'accepted', 'completed', 'cancelled')),
  source          text NOT NULL,
  currency        text NOT NULL,
  lines           text NOT NULL,
  total           text NOT NULL,
  left_out        text NOT NULL,
  location        text,
  placed_at       float8 NOT NULL,
  changed_at      float8 NOT NULL,
  steps           text NOT NULL DEFAULT '[]',
  placed_id       bigint NOT NULL,
  traceparent     text
);
CREATE INDEX shop_order_newest ON shop_order (key, number);
CREATE INDEX shop_order_state ON shop_order (state, placed_id);
CREATE UNIQUE INDEX shop_order_in_turn ON shop_order (placed_id);
CREATE INDEX shop_order_placed ON shop_order (placed_at);

CREATE TABLE event (
  id       bigint PRIMARY KEY,
  type     text NOT NULL,
  key      text NOT NULL,
  sequence bigint NOT NULL,
  at       float8 NOT NULL,
  content  text NOT NULL
);
CREATE UNIQUE INDEX event_sequence ON event (key, sequence);

-- Things that customers asked for and the shop does not sell, once a day for each customer. The customer is a keyed
-- hash. Days are counted from 1970.
CREATE TABLE asked (
  day      integer NOT NULL,
  phrase   text NOT NULL,
  kind     text NOT NULL,
  customer text NOT NULL,
  PRIMARY KEY (day, phrase, kind, customer)
);
CREATE INDEX asked_customer ON asked (customer);

-- How many conversations a person took over at an instant, and why, without data about customers.
CREATE TABLE handoff (
  at     float8 NOT NULL,
  reason text NOT NULL,
  count  integer NOT NULL,
  PRIMARY KEY (at, reason)
);

CREATE TABLE identity (
  name text PRIMARY KEY,
  key  text NOT NULL
);
CREATE INDEX identity_key ON identity (key);

CREATE TABLE lane (
  channel         text NOT NULL,
  name            text NOT NULL,
  failures        integer NOT NULL DEFAULT 0,
  open_reason     text,
  opened_at       float8,
  probe_at        float8 NOT NULL DEFAULT 0,
  reachable       boolean NOT NULL DEFAULT false,
  unknown_trials  integer NOT NULL DEFAULT 0,
  good_at         float8 NOT NULL DEFAULT 0,
  outage_at       float8 NOT NULL DEFAULT 0,
  PRIMARY KEY (channel, name),
  CHECK ((open_reason IS NULL) = (opened_at IS NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

-- The turns of a lane, at its rate: when the next one is, and how many were taken together last. Every message writes
-- this row, so it is written outside of the messages' transactions and without waiting for the disk. A crash loses less
-- than a second of turns.
CREATE UNLOGGED TABLE pace (
  channel text NOT NULL,
  lane    text NOT NULL,
  next_at float8 NOT NULL,
  taken   integer NOT NULL,
  PRIMARY KEY (channel, lane)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

-- The next id, written in the same way. A process that finds no row computes it from the tables.
CREATE UNLOGGED TABLE next_id (
  one boolean PRIMARY KEY CHECK (one),
  id  bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

CREATE SEQUENCE order_number START 1001;

-- Totals that survive every pod, written in the transaction of the facts that they count. Each transaction inserts what
-- it adds, so that none waits for another; `fold` adds the rows up.
CREATE TABLE total (
  metric text NOT NULL,
  labels text NOT NULL,
  value  float8 NOT NULL,
  PRIMARY KEY (metric, labels)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE delta (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  counts json NOT NULL
) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE meta (
  name  text PRIMARY KEY,
  value text NOT NULL
);

-- The last batch of each process. A process that lost the response to its COMMIT looks here for the result.
CREATE TABLE batch (
  owner        text PRIMARY KEY,
  id           bigint NOT NULL,
  committed_at float8 NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

-- Rows by state, so that a count costs the same at a million rows.
CREATE TABLE state_count (
  channel text NOT NULL,
  lane    text NOT NULL,
  state   text NOT NULL,
  rows    bigint NOT NULL,
  PRIMARY KEY (channel, lane, state)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE state_delta (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL,
  lane    text NOT NULL,
  state   text NOT NULL,
  rows    bigint NOT NULL
) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

-- The triggers run for each statement, not for each row. Otherwise they would update one row of counts a thousand times
-- in a transaction; it would have a thousand versions, and each update would read all of them.
CREATE FUNCTION count_inserted() RETURNS trigger LANGUAGE plpgsql SET search_path = recado AS $$
BEGIN
  INSERT INTO state_delta (channel, lane, state, rows)
  SELECT channel, lane, state, count(*) FROM new_rows GROUP BY channel, lane, state;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_inserted AFTER INSERT ON entry REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_inserted();

CREATE FUNCTION count_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = recado AS $$
BEGIN
  INSERT INTO state_delta (channel, lane, state, rows)
  SELECT channel, lane, state, -count(*) FROM old_rows GROUP BY channel, lane, state;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_deleted AFTER DELETE ON entry REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_deleted();

CREATE FUNCTION count_moved() RETURNS trigger LANGUAGE plpgsql SET search_path = recado AS $$
BEGIN
  INSERT INTO state_delta (channel, lane, state, rows)
  SELECT channel, lane, state, sum(n) FROM (
    SELECT channel, lane, state, 1 AS n FROM new_rows UNION ALL SELECT channel, lane, state, -1 FROM old_rows) both_
  GROUP BY channel, lane, state HAVING sum(n) <> 0;
  -- When an entry ends, the next one of its key becomes due. It was postponed to the due time of the first one.
  UPDATE entry e SET due_at = ended.finished_at
  -- A join of old and new rows would compare each with each, because they have no index.
  FROM (SELECT key, max(at) AS finished_at FROM (
      SELECT key, max(finished_at) AS at FROM (
        SELECT id, key, finished_at FROM new_rows WHERE finished_at IS NOT NULL
        UNION ALL SELECT id, key, NULL FROM old_rows WHERE finished_at IS NOT NULL) both_
      GROUP BY id, key HAVING count(*) = count(finished_at)) each_
    GROUP BY key) ended
  WHERE e.key = ended.key AND e.finished_at IS NULL AND e.state = 'queued' AND e.attempts = 0
    AND e.due_at > ended.finished_at AND e.lease_owner IS DISTINCT FROM 'job';
  RETURN NULL;
END $$;
-- The trigger's own updates of due times do not count.
CREATE TRIGGER entry_moved AFTER UPDATE ON entry REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION count_moved();

-- Begins a transaction in one statement: its settings, its locks, its time. See locks.py. Each statement of the function
-- has its own snapshot, so `identity` is read after the names are locked.
CREATE FUNCTION begin_write(alone boolean, names json, entries json, sent json, clock float8) RETURNS float8
LANGUAGE plpgsql AS $$
BEGIN
  -- Time-outs: a process that stops in the middle of its transaction, or whose node is gone, must not block the others
  -- for longer than its own deadline.
  -- Planner: rows are looked up by an index, whatever sizes the server assumes. It assumes a hundred elements for a
  -- batch of one, and keeps plans that it made while a table was small.
  -- JIT compilation and parallel workers are off: they took 70 to 400 ms and 30 ms each time. Before PostgreSQL 18 the
  -- server uses them, because plans with a method that is switched off look expensive to it, and so do plans without
  -- statistics.
  PERFORM set_config('idle_in_transaction_session_timeout', '5s', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('random_page_cost', '0.01', true), set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true);
  IF alone THEN
    PERFORM pg_advisory_xact_lock(8319384418);
  ELSE
    PERFORM pg_advisory_xact_lock_shared(8319384418);
    PERFORM pg_advisory_xact_lock(lock) FROM (
      SELECT DISTINCT hashtextextended(value, 1) AS lock FROM json_array_elements_text(names) ORDER BY 1 OFFSET 0) l;
    PERFORM pg_advisory_xact_lock(lock) FROM (
      SELECT DISTINCT hashtextextended(key, 2) AS lock FROM (
        SELECT coalesce(i.key, j.value) AS key
        FROM json_array_elements_text(names) j LEFT JOIN recado.identity i ON i.name = j.value
        UNION ALL SELECT e.key FROM json_array_elements_text(entries) j JOIN recado.entry e ON e.id = j.value::bigint
        UNION ALL SELECT e.key FROM json_array_elements_text(sent) j JOIN recado.entry e ON e.sent_wamid = j.value) k
      ORDER BY 1 OFFSET 0) l;
  END IF;
  RETURN coalesce(clock, extract(epoch FROM clock_timestamp())::float8);
END $$;

-- Adds up the rows that transactions have inserted. Only one process does this at a time, so none waits for the sums.
CREATE FUNCTION fold() RETURNS void LANGUAGE plpgsql SET search_path = recado AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(8319384419) THEN
    RETURN;
  END IF;
  WITH gone AS (DELETE FROM delta WHERE id IN (SELECT id FROM delta ORDER BY id LIMIT 5000) RETURNING counts)
  INSERT INTO total AS t (metric, labels, value)
  SELECT value ->> 0, value ->> 1, sum((value ->> 2)::float8) FROM gone, json_array_elements(counts) GROUP BY 1, 2
  ON CONFLICT (metric, labels) DO UPDATE SET value = t.value + excluded.value;
  WITH gone AS (DELETE FROM state_delta WHERE id IN (SELECT id FROM state_delta ORDER BY id LIMIT 5000)
    RETURNING channel, lane, state, rows)
  INSERT INTO state_count AS c (channel, lane, state, rows)
  SELECT channel, lane, state, sum(rows) FROM gone GROUP BY 1, 2, 3
  ON CONFLICT (channel, lane, state) DO UPDATE SET rows = c.rows + excluded.rows;
END $$;

CREATE FUNCTION forget_names() RETURNS trigger LANGUAGE plpgsql SET search_path = recado AS $$
BEGIN
  DELETE FROM identity WHERE key IN (SELECT key FROM old_rows);
  DELETE FROM quote WHERE key IN (SELECT key FROM old_rows);
  RETURN NULL;
END $$;
CREATE TRIGGER customer_forgotten AFTER DELETE ON customer REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION forget_names();
