-- Every statement of the store, by name, with the same names, parameters and columns as in SQLite. If a statement serves
-- a whole batch, `$1` is a JSON array. Rows of several columns are read as jsonb: from json, each column would parse the
-- row again, which takes 46 us for the 20 columns of a reply instead of 7. Names are qualified, because PgBouncer keeps no
-- settings of a session.

-- name: see_wamids
INSERT INTO recado.seen_message (id, wamid_key)
SELECT (value ->> 0)::bigint, value ->> 1 FROM jsonb_array_elements($1::jsonb) ORDER BY value ->> 1
ON CONFLICT (wamid_key) DO NOTHING
RETURNING id

-- name: take_ids
-- Runs outside of the transaction, see connections.py. A crash of the server empties the table, and with a pooler the
-- process keeps its connections. So a process that finds the table empty takes an id that no table has.
INSERT INTO recado.next_id AS n (one, id)
SELECT true, $2::bigint + greatest($1::bigint, CASE WHEN NOT EXISTS (SELECT FROM recado.next_id) THEN
  1 + greatest((SELECT max(id) FROM recado.entry), (SELECT max(id) FROM recado.seen_message),
    (SELECT max(id) FROM recado.event), (SELECT max(placed_id) FROM recado.shop_order)) END)
ON CONFLICT (one) DO UPDATE SET id = $2::bigint + greatest(n.id, $1::bigint)
RETURNING id - $2::bigint

-- name: last_id
SELECT coalesce(max(id) - 1, 0) FROM recado.next_id

-- name: customers
SELECT j.value, coalesce(c.next_at, 0), coalesce(c.version, 0), c.talk, c.streak, coalesce(c.written_at, 0),
  f.id, f.written_at, f.due_at
FROM json_array_elements_text($1::json) j LEFT JOIN recado.customer c ON c.key = j.value
  LEFT JOIN LATERAL (SELECT e.id, e.written_at, CASE WHEN e.lease_owner = 'job' THEN NULL ELSE e.due_at END AS due_at
    FROM recado.entry e
    WHERE e.key = j.value AND e.finished_at IS NULL
    ORDER BY (e.lease_until IS NULL), e.written_at, e.id LIMIT 1) f ON true

-- name: put_customers
INSERT INTO recado.customer (key, next_at, version, talk, streak, written_at)
SELECT value ->> 0, (value ->> 1)::float8, (value ->> 2)::bigint, value ->> 3, value ->> 4, (value ->> 5)::float8
FROM jsonb_array_elements($1::jsonb)
ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at, version = excluded.version, talk = excluded.talk,
  streak = excluded.streak, written_at = excluded.written_at

-- name: supersede
-- OFFSET 0 makes the server look up the entries by their keys alone. Its statistics of a queue that has just grown say
-- that few entries wait, so it would read all of those.
UPDATE recado.entry e SET state = 'discarded', due_at = NULL, reason = 'superseded', finished_at = $2
FROM (SELECT DISTINCT value AS key FROM json_array_elements_text($1::json)) j
  CROSS JOIN LATERAL (SELECT w.id FROM recado.entry w WHERE w.key = j.key AND w.finished_at IS NULL OFFSET 0) w
WHERE e.id = w.id AND e.state = 'queued' AND e.attempts = 0 AND EXISTS (SELECT FROM recado.quote q WHERE q.id = w.id)
RETURNING e.id, e.key, e.wamid, e.answers

-- name: close_quotes
UPDATE recado.quote q SET state = j.value ->> 2, closed_at = $2
FROM jsonb_array_elements($1::jsonb) j
WHERE q.token = j.value ->> 0 AND q.key = j.value ->> 1 AND q.state = 'open'
RETURNING q.state, q.source, q.currency, q.total, q.accepted_at, q.key, q.token, q.opened_at,
  q.traceparent

-- name: replace_quotes
-- As in `supersede`.
UPDATE recado.quote q SET state = 'replaced', closed_at = $2
FROM (SELECT DISTINCT value AS key FROM json_array_elements_text($1::json)) j
  CROSS JOIN LATERAL (SELECT o.id FROM recado.quote o WHERE o.key = j.key AND o.state = 'open' OFFSET 0) o
WHERE q.id = o.id
RETURNING q.state, q.source, q.currency, q.total, q.accepted_at, q.key, q.token, q.traceparent

-- name: withdraw_quotes
UPDATE recado.quote q SET state = 'withdrawn', closed_at = $2
WHERE q.id IN (SELECT value::bigint FROM json_array_elements_text($1::json)) AND q.state = 'open'
RETURNING q.state, q.source, q.currency, q.total, q.accepted_at, q.key, q.token, q.opened_at,
  (SELECT e.phone FROM recado.entry e WHERE e.id = q.id), (SELECT e.user_id FROM recado.entry e WHERE e.id = q.id)

-- name: new_versions
UPDATE recado.customer SET version = version + 1
WHERE key IN (SELECT value FROM json_array_elements_text($1::json))

-- name: open_quotes
INSERT INTO recado.quote (id, token, key, state, source, currency, lines, total, opened_at, changed_at, expires_at,
  traceparent)
SELECT (value ->> 0)::bigint, value ->> 1, value ->> 2, 'open', value ->> 3, value ->> 4, value ->> 5, value ->> 6,
  (value ->> 7)::float8, (value ->> 8)::float8, (value ->> 9)::float8, value ->> 10
FROM jsonb_array_elements($1::jsonb)

-- name: quotes_accepted
UPDATE recado.quote q SET accepted_at = $2, sent_wamid = e.sent_wamid
FROM recado.entry e
WHERE q.id IN (SELECT value::bigint FROM json_array_elements_text($1::json)) AND e.id = q.id

-- name: quotes_reached
SELECT q.key, q.token FROM recado.quote q
WHERE q.id IN (SELECT value::bigint FROM json_array_elements_text($1::json)) AND NOT EXISTS
  (SELECT 1 FROM recado.event e WHERE e.key = q.key AND e.type = $2 AND e.content::json #>> '{data,token}' = q.token)

-- name: place_orders
INSERT INTO recado.shop_order (number, quote, key, phone, user_id, channel, lane, state, source, currency, lines, total,
  left_out, location, placed_at, changed_at, placed_id, traceparent)
SELECT (value ->> 0)::bigint, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, (value ->> 14)::float8,
  (value ->> 15)::float8, (value ->> 16)::bigint, value ->> 17
FROM jsonb_array_elements($1::jsonb)

-- name: locate_orders
UPDATE recado.shop_order o SET location = j.value ->> 2 FROM jsonb_array_elements($1::jsonb) j
WHERE o.number = (j.value ->> 0)::bigint AND o.key = j.value ->> 1
RETURNING o.number, o.state

-- name: take_order_number
SELECT nextval('recado.order_number')

-- name: session_quotes
SELECT (j.value ->> 0)::bigint, 1, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at, q.expires_at, q.state,
  q.accepted_at
FROM jsonb_array_elements($1::jsonb) j
  JOIN recado.quote q ON q.id = coalesce(
    (SELECT n.id FROM recado.quote n WHERE n.key = j.value ->> 1 AND n.state = 'open'),
    (SELECT n.id FROM recado.quote n WHERE n.key = j.value ->> 1 AND n.state <> 'replaced' ORDER BY n.id DESC LIMIT 1))
UNION ALL
SELECT (j.value ->> 0)::bigint, 0, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at, q.expires_at, q.state,
  q.accepted_at
FROM jsonb_array_elements($1::jsonb) j JOIN recado.quote q ON q.token = j.value ->> 2 AND q.key = j.value ->> 1
UNION ALL
SELECT (j.value ->> 0)::bigint, 0, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at, q.expires_at, q.state,
  q.accepted_at
FROM jsonb_array_elements($1::jsonb) j JOIN recado.quote q ON q.sent_wamid = j.value ->> 2 AND q.key = j.value ->> 1
UNION ALL
SELECT (j.value ->> 0)::bigint, 0, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at, q.expires_at, q.state,
  q.accepted_at
FROM jsonb_array_elements($1::jsonb) j JOIN recado.seen_message s ON s.wamid_key = j.value ->> 3
  JOIN recado.quote q ON q.id = s.id AND q.key = j.value ->> 1

-- name: session_orders
SELECT j.value, o.number, o.quote, o.lines, o.currency, o.source, o.placed_at, o.changed_at, o.state, o.left_out,
  o.location
FROM json_array_elements_text($1::json) j
  JOIN recado.shop_order o ON o.number = (SELECT max(n.number) FROM recado.shop_order n WHERE n.key = j.value)

-- name: shop_order
SELECT o.number, o.quote, o.lines, o.currency, o.source, o.placed_at, o.changed_at, o.state, o.left_out,
  o.location, o.phone, o.user_id, o.lane, o.steps, o.traceparent, o.key, o.channel, coalesce(c.written_at, 0)
FROM recado.shop_order o LEFT JOIN recado.customer c ON c.key = o.key WHERE o.number = $1

-- name: orders
SELECT o.number, o.quote, o.lines, o.currency, o.source, o.placed_at, o.changed_at, o.state, o.left_out,
  o.location, o.phone, o.user_id, o.lane, o.steps, o.traceparent, o.key, o.channel, coalesce(c.written_at, 0)
FROM recado.shop_order o LEFT JOIN recado.customer c ON c.key = o.key WHERE o.placed_id >
  coalesce((SELECT placed_id FROM recado.shop_order WHERE number <= $1 ORDER BY number DESC LIMIT 1), 0)
ORDER BY o.placed_id LIMIT $2

-- name: orders_in
SELECT o.number, o.quote, o.lines, o.currency, o.source, o.placed_at, o.changed_at, o.state, o.left_out,
  o.location, o.phone, o.user_id, o.lane, o.steps, o.traceparent, o.key, o.channel, coalesce(c.written_at, 0)
FROM recado.shop_order o LEFT JOIN recado.customer c ON c.key = o.key WHERE o.state = $1 AND o.placed_id >
  coalesce((SELECT placed_id FROM recado.shop_order WHERE number <= $2 ORDER BY number DESC LIMIT 1), 0)
ORDER BY o.placed_id LIMIT $3

-- name: move_order
UPDATE recado.shop_order SET state = $2, changed_at = $3, steps = $4 WHERE number = $1

-- name: oldest_placed
SELECT placed_at FROM recado.shop_order WHERE state = 'placed' ORDER BY placed_id LIMIT 1

-- name: expire_quotes
WITH page AS MATERIALIZED (
  SELECT id, key FROM recado.quote WHERE state = 'open' AND expires_at <= $1 LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE recado.quote SET state = 'expired', closed_at = $1
WHERE id IN (SELECT id FROM page WHERE pg_try_advisory_xact_lock(hashtextextended(key, 2)))
RETURNING state, source, currency, total, accepted_at, key, token, opened_at, NULL, NULL

-- name: prune_quotes
WITH page AS MATERIALIZED (
  SELECT id FROM recado.quote WHERE id <= $1 AND state <> 'open' ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
DELETE FROM recado.quote WHERE id IN (SELECT id FROM page)

-- name: prune_orders
WITH page AS MATERIALIZED (
  SELECT number FROM recado.shop_order WHERE placed_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
DELETE FROM recado.shop_order WHERE number IN (SELECT number FROM page)

-- name: keys_next
INSERT INTO recado.customer AS c (key, next_at)
SELECT value ->> 0, (value ->> 1)::float8 FROM jsonb_array_elements($1::jsonb)
ON CONFLICT (key) DO UPDATE SET next_at = greatest(c.next_at, excluded.next_at)

-- name: keys_next_of
INSERT INTO recado.customer AS c (key, next_at)
SELECT e.key, max((j.value ->> 1)::float8) FROM jsonb_array_elements($1::jsonb) j
  JOIN recado.entry e ON e.id = (j.value ->> 0)::bigint
GROUP BY e.key
ON CONFLICT (key) DO UPDATE SET next_at = greatest(c.next_at, excluded.next_at)

-- name: unsee_wamids
DELETE FROM recado.seen_message WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))

-- name: identities
SELECT j.value, coalesce(i.key, c.key)
FROM json_array_elements_text($1::json) j LEFT JOIN recado.identity i ON i.name = j.value
  LEFT JOIN recado.customer c ON c.key = j.value
WHERE coalesce(i.key, c.key) IS NOT NULL

-- name: put_identities
INSERT INTO recado.identity (name, key)
SELECT value ->> 0, value ->> 1 FROM jsonb_array_elements($1::jsonb)
ON CONFLICT (name) DO UPDATE SET key = excluded.key

-- name: add
INSERT INTO recado.entry (id, state, channel, lane, key, phone, user_id, wamid, answers, content, written_at,
  received_at, deadline_at, traceparent, due_at, attempts, lease_owner, lease_until, reason, finished_at)
SELECT (value ->> 0)::bigint, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, (value ->> 10)::float8, (value ->> 11)::float8, (value ->> 12)::float8, value ->> 13,
  (value ->> 14)::float8, (value ->> 15)::integer, value ->> 16, (value ->> 17)::float8, value ->> 18,
  (value ->> 19)::float8
FROM jsonb_array_elements($1::jsonb)

-- name: lanes
SELECT l.channel, l.name, coalesce(p.next_at, 0), l.failures, l.open_reason, l.opened_at, l.probe_at, l.reachable,
  l.unknown_trials, l.good_at, l.outage_at
FROM recado.lane l LEFT JOIN recado.pace p ON p.channel = l.channel AND p.lane = l.name

-- name: add_lane
INSERT INTO recado.lane (channel, name) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: hold_lane
SELECT failures, open_reason, opened_at, probe_at, reachable, unknown_trials, good_at, outage_at
FROM recado.lane WHERE channel = $1 AND name = $2 FOR NO KEY UPDATE SKIP LOCKED

-- name: lock_lanes
SELECT channel, name, failures, open_reason, opened_at, probe_at, reachable, unknown_trials, good_at, outage_at
FROM recado.lane WHERE (channel, name) IN (SELECT value ->> 0, value ->> 1 FROM jsonb_array_elements($1::jsonb))
ORDER BY channel, name FOR NO KEY UPDATE

-- name: put_lanes
UPDATE recado.lane l SET failures = (j.value ->> 2)::integer, open_reason = j.value ->> 3,
  opened_at = (j.value ->> 4)::float8, probe_at = (j.value ->> 5)::float8, reachable = (j.value ->> 6)::boolean,
  unknown_trials = (j.value ->> 7)::integer, good_at = (j.value ->> 8)::float8, outage_at = (j.value ->> 9)::float8
FROM jsonb_array_elements($1::jsonb) j WHERE l.channel = j.value ->> 0 AND l.name = j.value ->> 1

-- name: take_turns
-- Takes up to $3 turns, one every $4 seconds, from $5 to $6; returns when the first is, and how many there are. Runs
-- outside of the transaction, see connections.py.
INSERT INTO recado.pace AS p (channel, lane, next_at, taken)
SELECT $1, $2, $5::float8 + $4::float8 * n, n
FROM (SELECT least($3::integer, floor(($6::float8 - $5::float8) / $4::float8)::integer + 1) AS n) f
ON CONFLICT (channel, lane) DO UPDATE SET (next_at, taken) = (
  SELECT first + $4::float8 * n, n
  FROM (SELECT first, greatest(0, least($3::integer, floor(($6::float8 - first) / $4::float8) + 1))::integer AS n
    FROM (SELECT greatest(p.next_at, $5::float8) AS first) f) t)
RETURNING next_at - $4::float8 * taken, taken

-- name: delay_turns
-- Runs outside of the transaction, see connections.py.
INSERT INTO recado.pace AS p (channel, lane, next_at, taken) VALUES ($1, $2, $3, 0)
ON CONFLICT (channel, lane) DO UPDATE SET next_at = greatest(p.next_at, excluded.next_at)

-- name: due
-- Returns entries that no other transaction claims now, of customers that no other transaction holds. A transaction
-- that claims at the same time gets other entries.
WITH page AS MATERIALIZED (
  SELECT id, due_at, key FROM recado.entry WHERE channel = $1 AND lane = $2 AND due_at > $3 AND due_at <= $4
  ORDER BY due_at LIMIT $5 FOR NO KEY UPDATE SKIP LOCKED)
SELECT id, due_at FROM page WHERE pg_try_advisory_xact_lock(hashtextextended(key, 2))

-- name: due_by_id
-- OFFSET 0 makes the server look up each entry by its id alone. Its statistics of a queue that has just grown say that
-- fewer entries are due in the lane than ids are given, so it would read all of those.
SELECT m.id, m.key, m.state, m.deadline_at, m.suspect_at, m.hopeless, coalesce(c.next_at, 0), f.id, f.due_at
FROM (SELECT DISTINCT value::bigint AS id FROM json_array_elements_text($4::json)) j
  CROSS JOIN LATERAL (SELECT * FROM recado.entry e WHERE e.id = j.id OFFSET 0) m
  LEFT JOIN recado.customer c ON c.key = m.key
  LEFT JOIN LATERAL (SELECT e.id, CASE WHEN e.lease_owner = 'job' THEN NULL ELSE e.due_at END AS due_at
    FROM recado.entry e WHERE e.key = m.key AND e.finished_at IS NULL
    ORDER BY (e.lease_until IS NULL), e.written_at, e.id LIMIT 1) f ON true
WHERE m.channel = $1 AND m.lane = $2 AND m.due_at <= $3
ORDER BY m.due_at

-- name: due_of
SELECT due_at, channel, lane FROM recado.entry WHERE id = $1 AND due_at IS NOT NULL

-- name: next_due
SELECT min(due_at) FROM recado.entry WHERE channel = $1 AND lane = $2 AND due_at > $3

-- name: lease
UPDATE recado.entry e SET state = 'sending', due_at = NULL, attempts = e.attempts + 1,
  spent = e.spent - (j.value ->> 2)::boolean::integer,
  unknowns = e.unknowns - (e.state = 'unknown' AND (j.value ->> 2)::boolean)::integer,
  suspect_at = NULL, hopeless = NULL, lease_owner = $2, lease_until = (j.value ->> 1)::float8
FROM jsonb_array_elements($1::jsonb) j WHERE e.id = (j.value ->> 0)::bigint
RETURNING e.id, e.attempts, e.wamid, e.channel, e.lane, e.phone, e.user_id, e.content, e.received_at, e.deadline_at,
  e.lease_until, e.traceparent

-- name: postpone
UPDATE recado.entry e SET due_at = (j.value ->> 1)::float8
FROM jsonb_array_elements($1::jsonb) j WHERE e.id = (j.value ->> 0)::bigint

-- name: deliver
UPDATE recado.entry e SET state = 'delivered', due_at = NULL, lease_owner = NULL, lease_until = NULL,
  finished_at = $2, reason = NULL, sent_wamid = j.value ->> 2, sent_attempt = e.attempts
FROM jsonb_array_elements($1::jsonb) j
WHERE e.id = (j.value ->> 0)::bigint AND e.attempts = (j.value ->> 1)::integer AND e.state IN ('sending', 'unknown')
RETURNING e.id, e.channel, e.lane, e.received_at, e.attempts

-- name: attempted
SELECT m.id, m.state, m.attempts, m.spent, m.throttles, m.unknowns, m.deadline_at, m.received_at, m.channel,
  m.lane, m.key, m.failed_attempt, m.sent_attempt, m.content
FROM recado.entry m WHERE m.id IN (SELECT value::bigint FROM json_array_elements_text($1::json))

-- name: sent_as
SELECT sent_wamid, id, sent_attempt FROM recado.entry
WHERE sent_wamid IN (SELECT value FROM json_array_elements_text($1::json))

-- name: decide
UPDATE recado.entry e SET state = j.value ->> 1, due_at = (j.value ->> 2)::float8, reason = j.value ->> 3,
  spent = e.spent + (j.value ->> 4)::integer, throttles = e.throttles + (j.value ->> 5)::integer,
  unknowns = e.unknowns + (j.value ->> 6)::integer, error_class = j.value ->> 7, error_code = (j.value ->> 8)::integer,
  error_detail = j.value ->> 9, finished_at = (j.value ->> 10)::float8, suspect_at = (j.value ->> 11)::float8,
  hopeless = j.value ->> 12, failed_attempt = greatest(e.failed_attempt, (j.value ->> 13)::integer),
  lease_owner = NULL, lease_until = NULL
FROM jsonb_array_elements($1::jsonb) j WHERE e.id = (j.value ->> 0)::bigint

-- name: put_content
UPDATE recado.entry e SET content = j.value ->> 1
FROM jsonb_array_elements($1::jsonb) j WHERE e.id = (j.value ->> 0)::bigint

-- name: release
UPDATE recado.entry e SET state = 'queued', due_at = $2, attempts = e.attempts - 1, lease_owner = NULL, lease_until = NULL
FROM jsonb_array_elements($1::jsonb) j
WHERE e.id = (j.value ->> 0)::bigint AND e.attempts = (j.value ->> 1)::integer AND e.state = 'sending'

-- name: settle
UPDATE recado.entry e SET state = 'delivered', due_at = NULL, lease_owner = NULL, lease_until = NULL,
  finished_at = $2, reason = NULL, sent_wamid = j.value ->> 1, sent_attempt = (j.value ->> 2)::integer
FROM jsonb_array_elements($1::jsonb) j WHERE e.id = (j.value ->> 0)::bigint

-- name: delete
DELETE FROM recado.entry WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))

-- name: rescuable
WITH page AS MATERIALIZED (
  SELECT id, channel, lane, lease_until, spent, key FROM recado.entry WHERE lease_until > $1 AND lease_until <= $2
  ORDER BY lease_until LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
SELECT id, channel, lane, lease_until, spent FROM page WHERE pg_try_advisory_xact_lock(hashtextextended(key, 2))

-- name: expired
WITH page AS MATERIALIZED (
  SELECT id, channel, lane, key FROM recado.entry WHERE due_at IS NOT NULL AND deadline_at <= $1
  LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
SELECT id, channel, lane FROM page WHERE pg_try_advisory_xact_lock(hashtextextended(key, 2))

-- name: repair_due
UPDATE recado.entry SET due_at = $1 WHERE channel = $3 AND due_at > $2

-- name: repair_leases
UPDATE recado.entry SET lease_until = $1 WHERE channel = $3 AND lease_until > $2

-- name: repair_keys
UPDATE recado.customer SET next_at = $1 WHERE $3 = 'whatsapp' AND next_at > $2

-- name: repair_lanes
UPDATE recado.lane SET probe_at = least(probe_at, $1), good_at = least(good_at, $1), outage_at = least(outage_at, $1)
WHERE channel = $3 AND greatest(probe_at, good_at, outage_at) > $2 AND open_reason IS DISTINCT FROM 'ended'

-- name: repair_turns
UPDATE recado.pace SET next_at = $1 WHERE channel = $3 AND next_at > $2

-- name: prune_finished
WITH page AS MATERIALIZED (
  SELECT id FROM recado.entry WHERE state = $1 AND finished_at <= $2 LIMIT $3 FOR UPDATE SKIP LOCKED)
DELETE FROM recado.entry WHERE id IN (SELECT id FROM page)

-- name: prune_seen
WITH page AS MATERIALIZED (
  SELECT id FROM recado.seen_message WHERE id <= $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
DELETE FROM recado.seen_message WHERE id IN (SELECT id FROM page)

-- name: stale_customers
SELECT c.key FROM recado.customer c WHERE c.next_at <= $1 AND c.talk::json #>> '{handoff,until}' IS NULL
  AND c.talk::json #>> '{permission,opted_out}' IS NULL
  AND NOT EXISTS (SELECT FROM recado.quote q WHERE q.key = c.key)
  AND NOT EXISTS (SELECT FROM recado.shop_order o WHERE o.key = c.key)

-- name: prune_customers
DELETE FROM recado.customer c
WHERE c.key IN (SELECT value FROM json_array_elements_text($1::json)) AND c.next_at <= $2
  AND c.talk::json #>> '{handoff,until}' IS NULL AND c.talk::json #>> '{permission,opted_out}' IS NULL
  AND NOT EXISTS (SELECT FROM recado.quote q WHERE q.key = c.key)
  AND NOT EXISTS (SELECT FROM recado.shop_order o WHERE o.key = c.key)

-- name: add_totals
INSERT INTO recado.delta (counts) VALUES ($1)

-- name: totals
SELECT metric, labels, sum(value) FROM (
  SELECT metric, labels, value FROM recado.total
  UNION ALL SELECT j.value ->> 0, j.value ->> 1, (j.value ->> 2)::float8
  FROM recado.delta CROSS JOIN json_array_elements(counts) j) t
GROUP BY metric, labels

-- name: state_counts
SELECT channel, lane, state, sum(rows)::bigint FROM (
  SELECT channel, lane, state, rows FROM recado.state_count
  UNION ALL SELECT channel, lane, state, rows FROM recado.state_delta) t
GROUP BY channel, lane, state

-- name: recount
SELECT channel, lane, state, count(*) FROM recado.entry GROUP BY channel, lane, state

-- name: drop_counts
WITH gone AS (DELETE FROM recado.state_delta) DELETE FROM recado.state_count

-- name: put_counts
INSERT INTO recado.state_count (channel, lane, state, rows)
SELECT channel, lane, state, count(*) FROM recado.entry GROUP BY channel, lane, state

-- name: set_meta
INSERT INTO recado.meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: init_meta
INSERT INTO recado.meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING

-- name: check_writable
-- Locks no row and writes nothing, but fails if the database is read-only.
SELECT name FROM recado.meta WHERE $1::float8 < 0 FOR KEY SHARE

-- name: get_meta
SELECT name, value FROM recado.meta

-- name: listing
SELECT id, coalesce(phone, user_id), state, attempts, error_class, error_code, error_detail, coalesce(reason, ''),
  received_at, due_at
FROM recado.entry WHERE channel IN ('whatsapp', 'template') AND state IN (SELECT value FROM json_array_elements_text($1::json))
  AND id > $2
ORDER BY id LIMIT $3

-- name: failed
SELECT id, coalesce(phone, user_id), state, attempts, error_class, error_code, error_detail, coalesce(reason, ''),
  received_at, due_at
FROM recado.entry WHERE state = 'failed' AND channel IN ('whatsapp', 'template') AND id > $1 ORDER BY id LIMIT $2

-- name: show
SELECT * FROM recado.entry WHERE id = $1 AND channel IN ('whatsapp', 'template')

-- name: retry
UPDATE recado.entry SET state = 'queued', due_at = $2, spent = 0, throttles = 0, unknowns = 0, suspect_at = NULL,
  hopeless = NULL, reason = NULL, finished_at = NULL
WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))
  AND state IN ('failed', 'discarded', 'queued', 'unknown') AND reason IS DISTINCT FROM 'superseded' AND deadline_at > $2
RETURNING id

-- name: discard
UPDATE recado.entry SET state = 'discarded', due_at = NULL, reason = NULL, finished_at = $2
WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json)) AND state IN ('queued', 'unknown', 'failed')
RETURNING id, channel, lane

-- name: remove
DELETE FROM recado.entry WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))
  AND state IN ('failed', 'discarded')
RETURNING key

-- name: clear
DELETE FROM recado.entry WHERE channel IN ('whatsapp', 'template') AND state IN ('failed', 'discarded') RETURNING key

-- name: forget_customers
DELETE FROM recado.customer c
WHERE c.key IN (SELECT value FROM json_array_elements_text($1::json))
  AND NOT EXISTS (SELECT FROM recado.entry e WHERE e.key = c.key) AND c.talk::json #>> '{handoff,until}' IS NULL
  AND NOT EXISTS (SELECT FROM recado.quote q WHERE q.key = c.key AND q.state = 'open')
  AND NOT EXISTS (SELECT FROM recado.shop_order o WHERE o.key = c.key)

-- name: fail
UPDATE recado.entry SET state = 'failed', due_at = NULL, reason = $2, finished_at = $3, lease_owner = NULL,
  lease_until = NULL
WHERE id = $1

-- name: under_way
SELECT count(*) FROM recado.entry WHERE lease_until IS NOT NULL AND channel = $1 AND lane = $2

-- name: failed_replies
SELECT id, key, phone, user_id, reason, error_class, error_code FROM recado.entry
WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json)) ORDER BY id

-- name: lock_notices
-- The transaction reads and then writes the periods under this lock, and waits for no further lock.
SELECT pg_advisory_xact_lock(8319384420)

-- name: last_sequences
SELECT j.value, max(e.sequence) FROM json_array_elements_text($1::json) j JOIN recado.event e ON e.key = j.value
GROUP BY j.value

-- name: add_events
INSERT INTO recado.event (id, type, key, sequence, at, content)
SELECT (value ->> 0)::bigint, value ->> 1, value ->> 2, (value ->> 3)::bigint, (value ->> 4)::float8, value ->> 5
FROM jsonb_array_elements($1::jsonb)

-- name: address_events
INSERT INTO recado.entry (id, state, channel, lane, key, content, event_id, written_at, received_at, deadline_at, due_at,
  traceparent)
SELECT (value ->> 0)::bigint, 'queued', value ->> 1, value ->> 2, value ->> 3, value ->> 4, (value ->> 5)::bigint,
  (value ->> 6)::float8, (value ->> 6)::float8, $3, $2, value ->> 7
FROM jsonb_array_elements($1::jsonb)

-- name: unheard
SELECT 1 FROM recado.entry j JOIN recado.entry r ON r.id = $3
WHERE j.id = $1 AND j.attempts = $2 AND j.state = 'sending' AND r.state = 'queued' AND r.lease_owner = 'job'

-- name: fill
UPDATE recado.entry e SET content = j.value ->> 1, answers = j.value ->> 2, due_at = (j.value ->> 3)::float8,
  lease_owner = NULL
FROM jsonb_array_elements($1::jsonb) j WHERE e.id = (j.value ->> 0)::bigint

-- name: ask_to_write
UPDATE recado.entry SET due_at = least(due_at, $2), lease_owner = NULL
WHERE state = 'queued' AND lease_owner = 'job' AND id IN
  (SELECT (j.content::json ->> 'reply')::bigint FROM recado.entry j
   WHERE j.id IN (SELECT value::bigint FROM json_array_elements_text($1::json)))

-- name: events_after
SELECT content FROM recado.event
WHERE id > $1 AND ($2::text = '[]' OR type IN (SELECT value FROM json_array_elements_text($2::text::json)))
ORDER BY id LIMIT $3

-- name: events_since
SELECT content FROM recado.event WHERE id > $1 AND at >= $2 ORDER BY id LIMIT $3

-- name: events_by_id
SELECT content FROM recado.event WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json)) ORDER BY id

-- name: waiting_events
-- As in `supersede`.
SELECT e.event_id, e.lane FROM (SELECT DISTINCT value::bigint AS id FROM json_array_elements_text($1::json)) j
  CROSS JOIN LATERAL (SELECT * FROM recado.entry w WHERE w.event_id = j.id OFFSET 0) e
WHERE e.finished_at IS NULL

-- name: deliveries_of
SELECT lane, state, attempts, due_at, error_class, error_code, error_detail, reason FROM recado.entry
WHERE event_id = $1 ORDER BY id

-- name: oldest_waiting
SELECT received_at FROM recado.entry WHERE channel = 'http' AND lane = $1 AND finished_at IS NULL ORDER BY id LIMIT 1

-- name: prune_events
WITH page AS MATERIALIZED (
  SELECT id FROM recado.event WHERE id <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
DELETE FROM recado.event WHERE id IN (SELECT id FROM page)

-- name: names_of
SELECT key, key FROM recado.customer WHERE key IN (SELECT value FROM json_array_elements_text($1::json))
UNION
SELECT key, name FROM recado.identity WHERE key IN (SELECT value FROM json_array_elements_text($1::json)) ORDER BY 1, 2

-- name: people_in_customers
SELECT key, key, substr(key, strpos(key, ':') + 1), NULL FROM recado.customer WHERE key > $1 ORDER BY key LIMIT $2

-- name: people_in_identities
SELECT name, key, substr(name, strpos(name, ':') + 1), NULL FROM recado.identity WHERE name > $1 ORDER BY name LIMIT $2

-- name: people_in_entries
SELECT id, CASE WHEN channel IN ('http', 'media') THEN NULL ELSE key END,
  CASE WHEN channel IN ('http', 'media') THEN content::json #>> '{customer,phone}' ELSE phone END,
  CASE WHEN channel IN ('http', 'media') THEN content::json #>> '{customer,user_id}' ELSE user_id END
FROM recado.entry WHERE id > $1 ORDER BY id LIMIT $2

-- name: people_in_events
SELECT id, key, content::json #>> '{customer,phone}', content::json #>> '{customer,user_id}'
FROM recado.event WHERE id > $1 ORDER BY id LIMIT $2

-- name: people_in_orders
SELECT placed_id, key, phone, user_id FROM recado.shop_order WHERE placed_id > $1 ORDER BY placed_id LIMIT $2

-- name: erase_orders
UPDATE recado.shop_order SET key = 'erased:' || number, phone = NULL, user_id = NULL, location = NULL, left_out = '[]',
  traceparent = NULL
WHERE key IN (SELECT value FROM json_array_elements_text($1::json))
  OR placed_id IN (SELECT value::bigint FROM json_array_elements_text($2::json))
RETURNING number

-- name: erase_quotes
DELETE FROM recado.quote WHERE key IN (SELECT value FROM json_array_elements_text($1::json))
RETURNING state, source, currency, total, accepted_at

-- name: erase_customers
DELETE FROM recado.customer WHERE key IN (SELECT value FROM json_array_elements_text($1::json))

-- name: erase_identities
DELETE FROM recado.identity WHERE key IN (SELECT value FROM json_array_elements_text($1::json))

-- name: erase_events
DELETE FROM recado.event WHERE key IN (SELECT value FROM json_array_elements_text($1::json))
  OR id IN (SELECT value::bigint FROM json_array_elements_text($2::json))
RETURNING id

-- name: erase_entries
DELETE FROM recado.entry WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))
  OR event_id IN (SELECT value::bigint FROM json_array_elements_text($2::json))
RETURNING channel, lane, state

-- The counts of the report: rows of (how many, what) between two instants.

-- name: survey_messages
SELECT count(*) FROM recado.seen_message WHERE id >= $1 AND id < $2 AND wamid_key < 'x'

-- name: survey_quotes
SELECT count(*), state, accepted_at IS NOT NULL, currency, total FROM recado.quote WHERE id >= $1 AND id < $2
GROUP BY 2, 3, 4, 5

-- name: survey_quote_times
SELECT count(*), id / 900000000 FROM recado.quote WHERE id >= $1 AND id < $2 GROUP BY 2

-- name: survey_decisions
SELECT count(*), round(closed_at - accepted_at)::bigint FROM recado.quote
WHERE id >= $1 AND id < $2 AND state IN ('confirmed', 'rejected') AND accepted_at IS NOT NULL
GROUP BY 2

-- name: survey_quoted
SELECT count(*), l.value ->> 'sku', coalesce(l.value ->> 'unit', ''), l.value ->> 'quantity', max(l.value ->> 'name')
FROM recado.quote q CROSS JOIN json_array_elements(q.lines::json) l WHERE q.id >= $1 AND q.id < $2 AND q.state <> 'replaced'
GROUP BY 2, 3, 4

-- name: survey_orders
SELECT count(*), state, strpos(steps, '"state":"accepted"') > 0, currency, total FROM recado.shop_order
WHERE placed_at >= $1 AND placed_at < $2
GROUP BY 2, 3, 4, 5

-- name: survey_order_times
SELECT count(*), floor(placed_at / 900)::bigint FROM recado.shop_order WHERE placed_at >= $1 AND placed_at < $2 GROUP BY 2

-- name: survey_ordered
SELECT count(*), l.value ->> 'sku', coalesce(l.value ->> 'unit', ''), l.value ->> 'quantity', max(l.value ->> 'name')
FROM recado.shop_order o CROSS JOIN json_array_elements(o.lines::json) l WHERE o.placed_at >= $1 AND o.placed_at < $2
GROUP BY 2, 3, 4

-- name: survey_lost
SELECT count(*), reason FROM recado.entry
WHERE state = 'failed' AND finished_at >= $1 AND finished_at < $2 AND channel IN ('whatsapp', 'template')
GROUP BY 2

-- name: survey_handoffs
SELECT sum(count), reason FROM recado.handoff WHERE at >= $1 AND at < $2 GROUP BY 2

-- name: note_handoff
INSERT INTO recado.handoff AS h (at, reason, count) VALUES ($1, $2, 1)
ON CONFLICT (at, reason) DO UPDATE SET count = h.count + 1

-- name: prune_handoffs
WITH page AS MATERIALIZED (
  SELECT at, reason FROM recado.handoff WHERE at <= $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
DELETE FROM recado.handoff WHERE (at, reason) IN (SELECT at, reason FROM page)

-- name: note_asked
INSERT INTO recado.asked (day, phrase, kind, customer)
SELECT (value ->> 0)::integer, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_array_elements($1::jsonb)
ON CONFLICT DO NOTHING

-- name: erase_asked
DELETE FROM recado.asked WHERE customer IN (SELECT value FROM json_array_elements_text($1::json))

-- name: prune_asked
WITH page AS MATERIALIZED (
  SELECT day, phrase, kind, customer FROM recado.asked WHERE day <= $1 ORDER BY day LIMIT $2 FOR UPDATE SKIP LOCKED)
DELETE FROM recado.asked WHERE (day, phrase, kind, customer) IN (SELECT day, phrase, kind, customer FROM page)

-- name: survey_asked
SELECT phrase, kind, count(DISTINCT customer) FROM recado.asked WHERE day >= $1 AND day <= $2
GROUP BY phrase, kind HAVING count(DISTINCT customer) >= $3 ORDER BY 3 DESC, 1, 2 LIMIT 100

-- name: placed_between
SELECT number FROM recado.shop_order WHERE state = 'placed' AND placed_at > $1 AND placed_at <= $2 ORDER BY number

-- name: waiting_since
SELECT 1 FROM recado.entry WHERE due_at IS NOT NULL AND channel = $1 AND lane = $2 AND received_at <= $3
UNION ALL
SELECT 1 FROM recado.entry WHERE lease_until IS NOT NULL AND channel = $1 AND lane = $2 AND received_at <= $3
LIMIT 1

-- name: lost_since
SELECT count(*) FROM recado.entry WHERE state = 'failed' AND finished_at >= $3 AND channel = $1 AND lane = $2

-- name: waiting_replies
SELECT id FROM recado.entry e
WHERE key = $1 AND channel = 'whatsapp' AND wamid IS NOT NULL AND finished_at IS NULL AND state IN ('queued', 'unknown')
  AND NOT EXISTS (SELECT FROM recado.shop_order o WHERE o.placed_id = e.id)

-- name: waiting_without_a_message
SELECT id FROM recado.entry
WHERE key = $1 AND channel IN ('whatsapp', 'template') AND wamid IS NULL AND finished_at IS NULL
  AND state IN ('queued', 'unknown')

-- name: unwanted
SELECT e.id FROM json_array_elements_text($1::json) j JOIN recado.entry e ON e.id = j.value::bigint
  JOIN recado.customer c ON c.key = e.key
WHERE e.channel IN ('whatsapp', 'template') AND CASE WHEN e.wamid IS NULL
  THEN c.talk::json #>> '{permission,opted_out}' IS NOT NULL
  ELSE coalesce((c.talk::json #>> '{handoff,until}')::float8, 0) > $2
    AND e.received_at < coalesce((c.talk::json #>> '{handoff,since}')::float8, 0)
    AND NOT EXISTS (SELECT FROM recado.shop_order o WHERE o.placed_id = e.id) END

-- name: remindable
SELECT q.key, c.written_at, q.traceparent, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at,
  q.expires_at, q.state, q.accepted_at
FROM recado.quote q
  CROSS JOIN LATERAL (SELECT w.written_at, w.talk FROM recado.customer w WHERE w.key = q.key LIMIT 1) c
WHERE q.state = 'open' AND q.expires_at > $1 AND q.accepted_at <= $2 AND q.reminder_id IS NULL
  AND c.written_at > $3 AND c.written_at <= q.accepted_at
  AND c.talk::json #>> '{permission,opted_out}' IS NULL
  AND coalesce((c.talk::json #>> '{handoff,until}')::float8, 0) <= $1
  AND NOT EXISTS (SELECT FROM recado.entry e WHERE e.key = q.key AND e.finished_at IS NULL)
  AND NOT EXISTS (SELECT FROM recado.quote r WHERE r.key = q.key AND r.reminder_id > $4)
ORDER BY q.accepted_at LIMIT $5

-- name: reminded
UPDATE recado.quote q SET reminder_id = (j.value ->> 1)::bigint FROM jsonb_array_elements($1::jsonb) j
WHERE q.token = j.value ->> 0

-- name: stale_reminders
SELECT q.reminder_id FROM json_array_elements_text($1::json) j JOIN recado.quote q ON q.reminder_id = j.value::bigint
  JOIN recado.customer c ON c.key = q.key
WHERE q.state <> 'open' OR c.written_at > q.accepted_at OR c.talk::json #>> '{permission,opted_out}' IS NOT NULL
  OR coalesce((c.talk::json #>> '{handoff,until}')::float8, 0) > $2

-- name: closed
SELECT e.id, e.lane, e.key, e.phone, e.user_id, e.wamid, e.answers, e.content, e.traceparent, q.token, q.lines, q.total, q.currency
FROM json_array_elements_text($1::json) j JOIN recado.entry e ON e.id = j.value::bigint
  LEFT JOIN recado.customer c ON c.key = e.key
  LEFT JOIN recado.quote q ON q.id = e.id AND q.state = 'open' AND q.expires_at > $2
WHERE c.talk::json #>> '{permission,opted_out}' IS NULL
  AND coalesce((c.talk::json #>> '{handoff,until}')::float8, 0) <= $2
ORDER BY e.id

-- name: leave_outside
UPDATE recado.entry SET state = 'discarded', reason = 'superseded'
WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))

-- name: move_quotes
UPDATE recado.quote q SET id = (j.value ->> 1)::bigint FROM jsonb_array_elements($1::jsonb) j
WHERE q.id = (j.value ->> 0)::bigint

-- name: sent_by_us
SELECT 1 FROM recado.entry WHERE sent_wamid = $1 UNION ALL SELECT 1 FROM recado.quote WHERE sent_wamid = $1

-- name: held_until
SELECT key FROM (SELECT key FROM recado.customer WHERE (talk::json #>> '{handoff,until}')::float8 <= $1
  LIMIT $2 OFFSET 0) page
WHERE pg_try_advisory_xact_lock(hashtextextended(key, 2))

-- name: waiting_for_a_person
SELECT count((talk::json #>> '{handoff,waiting_since}')::float8), min((talk::json #>> '{handoff,waiting_since}')::float8) FROM recado.customer
WHERE (talk::json #>> '{handoff,until}')::float8 > $1
