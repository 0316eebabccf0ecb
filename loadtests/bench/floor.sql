-- The least that the store's promises cost: one function an operation, binary parameters, generic plans. It has no
-- sessions, quotes, breakers or order of a customer's replies. See targets.py.
CREATE SCHEMA floor;
SET search_path = floor;
CREATE SEQUENCE message_id;
CREATE TABLE message (
  id              bigint PRIMARY KEY,
  nonce           integer NOT NULL DEFAULT (random() * 2147483647)::integer,
  state           text NOT NULL CHECK (state IN ('queued', 'sending', 'unknown', 'delivered', 'failed', 'discarded')),
  phone_number_id text NOT NULL,
  customer        text NOT NULL,
  phone           text,
  user_id         text,
  wamid           text NOT NULL,
  text            text NOT NULL,
  received_at     double precision NOT NULL,
  deadline_at     double precision NOT NULL,
  due_at          double precision,
  attempts        integer NOT NULL DEFAULT 0,
  spent           integer NOT NULL DEFAULT 0,
  throttles       integer NOT NULL DEFAULT 0,
  unknowns        integer NOT NULL DEFAULT 0,
  lease_owner     text,
  lease_until     double precision,
  error_class     text,
  error_code      integer,
  error_detail    text,
  reason          text,
  sent_wamid      text,
  finished_at     double precision,
  traceparent     text,
  CHECK (phone IS NOT NULL OR user_id IS NOT NULL),
  CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
  CHECK ((state IN ('queued', 'unknown')) = (due_at IS NOT NULL)),
  CHECK ((state IN ('delivered', 'failed', 'discarded')) = (finished_at IS NOT NULL)),
  CHECK ((state = 'failed') = (reason IS NOT NULL))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX message_due ON message (phone_number_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_deadline ON message (deadline_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_lease ON message (lease_until) WHERE lease_until IS NOT NULL;
CREATE UNIQUE INDEX message_in_flight ON message (customer) WHERE lease_until IS NOT NULL;
CREATE INDEX message_finished ON message (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE TABLE claim (
  wamid_key  uuid PRIMARY KEY,
  claimed_on integer NOT NULL,
  message_id bigint,
  batch      bigint
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX claim_day ON claim (claimed_on);
CREATE TABLE customer (
  customer  text PRIMARY KEY,
  next_at   double precision NOT NULL DEFAULT 0,
  quoted_at double precision
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE TABLE delta (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, counts jsonb NOT NULL)
  WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
CREATE FUNCTION now_() RETURNS double precision LANGUAGE sql VOLATILE AS 'SELECT extract(epoch FROM clock_timestamp())::float8';

CREATE FUNCTION add_v1(keys uuid[], numbers text[], customers text[], phones text[], wamids text[], texts text[],
  deadlines float8[], send_at float8[], owner text, lease float8, pause float8, batch bigint, counts jsonb)
RETURNS TABLE (place integer, new_id bigint, new_nonce integer, new_state text, at float8) LANGUAGE plpgsql
SET search_path = floor SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  t float8 := now_();
  fresh uuid[];
  ids bigint[];
  names text[] := ARRAY(SELECT DISTINCT c FROM unnest(customers) c ORDER BY c);
  busy text[];
BEGIN
  WITH claimed AS (
    INSERT INTO claim (wamid_key, claimed_on, message_id, batch)
    SELECT k, floor(t / 86400)::int, nextval('message_id'), add_v1.batch FROM unnest(keys) k ORDER BY k
    ON CONFLICT DO NOTHING RETURNING wamid_key, message_id)
  SELECT array_agg(wamid_key), array_agg(message_id) INTO fresh, ids FROM claimed;
  INSERT INTO customer (customer) SELECT c FROM unnest(names) c ON CONFLICT DO NOTHING;
  PERFORM FROM customer c WHERE c.customer = ANY (names) ORDER BY c.customer FOR NO KEY UPDATE;
  -- Only a statement that begins after the locks were had sees what their last holders committed.
  SELECT array_agg(m.customer) INTO busy FROM message m WHERE m.customer = ANY (names) AND m.lease_until IS NOT NULL;
  RETURN QUERY
  WITH placed AS MATERIALIZED (
    SELECT i.*, f.id, greatest(i.turn, c.next_at) AS goes,
      c.next_at <= i.turn AND NOT i.customer = ANY (coalesce(busy, '{}'))
        AND row_number() OVER (PARTITION BY i.customer ORDER BY i.n) = 1 AS free
    FROM (
      -- A wamid that is in the batch twice is new once.
      SELECT DISTINCT ON (key) * FROM unnest(keys, numbers, customers, phones, wamids, texts, deadlines, send_at)
        WITH ORDINALITY u (key, number, customer, phone, wamid, text, deadline, turn, n) ORDER BY key, n) i
    JOIN unnest(fresh, ids) f (key, id) ON f.key = i.key JOIN customer c ON c.customer = i.customer),
  written AS (
    INSERT INTO message (id, state, phone_number_id, customer, phone, wamid, text, received_at, deadline_at, due_at,
      attempts, lease_owner, lease_until)
    SELECT p.id, CASE WHEN free THEN 'sending' ELSE 'queued' END, number, p.customer, phone, p.wamid, p.text, t, deadline,
      CASE WHEN NOT free THEN goes + pause END, free::int, CASE WHEN free THEN owner END, CASE WHEN free THEN turn + lease END
    FROM placed p RETURNING message.id, message.nonce, message.state),
  moved AS (
    UPDATE customer c SET next_at = p.goes + pause FROM placed p WHERE p.customer = c.customer AND p.free),
  counted AS (INSERT INTO delta (counts) VALUES (add_v1.counts))
  SELECT p.n::int, w.id, w.nonce, w.state, p.goes FROM placed p JOIN written w ON w.id = p.id;
END $$;

CREATE FUNCTION deliver_v1(ids bigint[], tries integer[], sent text[], counts jsonb)
RETURNS TABLE (done bigint) LANGUAGE plpgsql
SET search_path = floor SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  PERFORM FROM message m WHERE m.id = ANY (ids) ORDER BY m.id FOR NO KEY UPDATE;
  INSERT INTO delta (counts) VALUES (deliver_v1.counts);
  RETURN QUERY UPDATE message m SET state = 'delivered', due_at = NULL, lease_owner = NULL, lease_until = NULL,
    finished_at = now_(), reason = NULL, sent_wamid = r.wamid FROM unnest(ids, tries, sent) r (id, attempt, wamid)
  WHERE m.id = r.id AND m.attempts = r.attempt AND m.state IN ('sending', 'unknown') RETURNING m.id;
END $$;
