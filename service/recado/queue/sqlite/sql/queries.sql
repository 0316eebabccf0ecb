-- Every statement of the store, by name. If a statement serves a whole batch, `?1` is a JSON array. With one call into
-- SQLite for a batch, the writer thread releases the interpreter lock a few times a commit, not a few times a row.
-- Statements use `jsonb_each` if an element is itself an array: `json_each` would turn the element into text again, and
-- SQLite would parse that text for each of its values.

-- name: see_wamids
INSERT INTO seen_message (id, wamid_key)
SELECT value ->> 0, value ->> 1 FROM jsonb_each(?1) WHERE true
ON CONFLICT (wamid_key) DO NOTHING
RETURNING id

-- name: take_ids
-- Takes ?2 ids, from ?1 on; returns the first.
SELECT max(?1, 1 + (SELECT coalesce(max(id), 0) FROM entry), 1 + (SELECT coalesce(max(id), 0) FROM seen_message),
  1 + (SELECT coalesce(max(id), 0) FROM event))
WHERE ?2 > 0

-- name: last_id
SELECT max((SELECT coalesce(max(id), 0) FROM entry), (SELECT coalesce(max(id), 0) FROM seen_message))

-- A reply that waits for its job counts as under way: nobody knows when the job ends.
-- name: customers
SELECT j.value, coalesce(c.next_at, 0), coalesce(c.version, 0), c.talk, c.streak, coalesce(c.written_at, 0),
  f.id, f.written_at, iif(f.lease_owner IS 'job', NULL, f.due_at)
FROM json_each(?1) j LEFT JOIN customer c ON c.key = j.value
  LEFT JOIN entry f ON f.id = (SELECT e.id FROM entry e WHERE e.key = j.value AND e.finished_at IS NULL
    ORDER BY e.lease_until IS NULL, e.written_at, e.id LIMIT 1)

-- name: put_customers
INSERT INTO customer (key, next_at, version, talk, streak, written_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM jsonb_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at, version = excluded.version, talk = excluded.talk,
  streak = excluded.streak, written_at = excluded.written_at

-- name: supersede
UPDATE entry SET state = 'discarded', due_at = NULL, reason = 'superseded', finished_at = ?2
WHERE id IN (SELECT e.id FROM json_each(?1) j CROSS JOIN entry e ON e.key = j.value CROSS JOIN quote q ON q.id = e.id
  WHERE e.finished_at IS NULL AND e.state = 'queued' AND e.attempts = 0)
RETURNING id, key, wamid, answers

-- name: close_quotes
UPDATE quote SET state = j.value ->> 2, closed_at = ?2
FROM jsonb_each(?1) j
WHERE quote.token = j.value ->> 0 AND quote.key = j.value ->> 1 AND quote.state = 'open'
RETURNING state, source, currency, total, accepted_at, key, token, opened_at, traceparent

-- name: replace_quotes
UPDATE quote SET state = 'replaced', closed_at = ?2
WHERE key IN (SELECT value FROM json_each(?1)) AND state = 'open'
RETURNING state, source, currency, total, accepted_at, key, token, traceparent

-- name: withdraw_quotes
UPDATE quote SET state = 'withdrawn', closed_at = ?2
WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'open'
RETURNING state, source, currency, total, accepted_at, key, token, opened_at, (SELECT phone FROM entry WHERE entry.id = quote.id),
  (SELECT user_id FROM entry WHERE entry.id = quote.id)

-- name: new_versions
UPDATE customer SET version = version + 1 WHERE key IN (SELECT value FROM json_each(?1))

-- name: open_quotes
INSERT INTO quote (id, token, key, state, source, currency, lines, total, opened_at, changed_at, expires_at,
  traceparent)
SELECT value ->> 0, value ->> 1, value ->> 2, 'open', value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10
FROM jsonb_each(?1)

-- name: quotes_accepted
UPDATE quote SET accepted_at = ?2, sent_wamid = (SELECT sent_wamid FROM entry WHERE entry.id = quote.id)
WHERE id IN (SELECT value FROM json_each(?1))

-- name: quotes_reached
SELECT q.key, q.token FROM quote q
WHERE q.id IN (SELECT value FROM json_each(?1)) AND NOT EXISTS
  (SELECT 1 FROM event e WHERE e.key = q.key AND e.type = ?2 AND e.content ->> '$.data.token' = q.token)

-- name: place_orders
INSERT INTO shop_order (number, quote, key, phone, user_id, channel, lane, state, source, currency, lines, total,
  left_out, location, placed_at, changed_at, placed_id, traceparent)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15,
  value ->> 16, value ->> 17
FROM jsonb_each(?1)

-- name: locate_orders
UPDATE shop_order SET location = j.value ->> 2 FROM jsonb_each(?1) j
WHERE shop_order.number = j.value ->> 0 AND shop_order.key = j.value ->> 1
RETURNING number, state

-- name: take_order_number
INSERT INTO meta (name, value) VALUES ('order_number', 1001)
ON CONFLICT (name) DO UPDATE SET value = value + 1
RETURNING value

-- The newest quote is the open one, otherwise the one with the highest id that was not replaced. The id alone is not
-- enough: the quote of a voice note has the id of the note's arrival, and may be newer than quotes of later messages.
-- name: session_quotes
SELECT j.value ->> 0, 1, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at, q.expires_at, q.state,
  q.accepted_at
FROM jsonb_each(?1) j CROSS JOIN quote q ON q.id = coalesce(
  (SELECT id FROM quote WHERE key = j.value ->> 1 AND state = 'open'),
  (SELECT id FROM quote WHERE key = j.value ->> 1 AND state <> 'replaced' ORDER BY id DESC LIMIT 1))
UNION ALL
SELECT j.value ->> 0, 0, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at, q.expires_at, q.state,
  q.accepted_at
FROM jsonb_each(?1) j CROSS JOIN quote q ON q.token = j.value ->> 2 WHERE q.key = j.value ->> 1
UNION ALL
SELECT j.value ->> 0, 0, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at, q.expires_at, q.state,
  q.accepted_at
FROM jsonb_each(?1) j CROSS JOIN quote q ON q.sent_wamid = j.value ->> 2 WHERE q.key = j.value ->> 1
UNION ALL
SELECT j.value ->> 0, 0, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at, q.expires_at, q.state,
  q.accepted_at
FROM jsonb_each(?1) j CROSS JOIN seen_message s ON s.wamid_key = j.value ->> 3 CROSS JOIN quote q ON q.id = s.id
WHERE q.key = j.value ->> 1

-- name: session_orders
SELECT j.value, o.number, o.quote, o.lines, o.currency, o.source, o.placed_at, o.changed_at, o.state, o.left_out,
  o.location
FROM json_each(?1) j CROSS JOIN shop_order o
  ON o.number = (SELECT max(number) FROM shop_order WHERE key = j.value)

-- name: shop_order
SELECT o.number, o.quote, o.lines, o.currency, o.source, o.placed_at, o.changed_at, o.state, o.left_out,
  o.location, o.phone, o.user_id, o.lane, o.steps, o.traceparent, o.key, o.channel, coalesce(c.written_at, 0)
FROM shop_order o LEFT JOIN customer c ON c.key = o.key WHERE o.number = ?1

-- name: orders
SELECT o.number, o.quote, o.lines, o.currency, o.source, o.placed_at, o.changed_at, o.state, o.left_out,
  o.location, o.phone, o.user_id, o.lane, o.steps, o.traceparent, o.key, o.channel, coalesce(c.written_at, 0)
FROM shop_order o LEFT JOIN customer c ON c.key = o.key WHERE o.placed_id >
  coalesce((SELECT placed_id FROM shop_order WHERE number <= ?1 ORDER BY number DESC LIMIT 1), 0)
ORDER BY o.placed_id LIMIT ?2

-- name: orders_in
SELECT o.number, o.quote, o.lines, o.currency, o.source, o.placed_at, o.changed_at, o.state, o.left_out,
  o.location, o.phone, o.user_id, o.lane, o.steps, o.traceparent, o.key, o.channel, coalesce(c.written_at, 0)
FROM shop_order o LEFT JOIN customer c ON c.key = o.key WHERE o.state = ?1 AND o.placed_id >
  coalesce((SELECT placed_id FROM shop_order WHERE number <= ?2 ORDER BY number DESC LIMIT 1), 0)
ORDER BY o.placed_id LIMIT ?3

-- name: move_order
UPDATE shop_order SET state = ?2, changed_at = ?3, steps = ?4 WHERE number = ?1

-- name: oldest_placed
SELECT placed_at FROM shop_order WHERE state = 'placed' ORDER BY placed_id LIMIT 1

-- name: expire_quotes
UPDATE quote SET state = 'expired', closed_at = ?1
WHERE id IN (SELECT id FROM quote WHERE state = 'open' AND expires_at <= ?1 LIMIT ?2)
RETURNING state, source, currency, total, accepted_at, key, token, opened_at, NULL, NULL

-- name: prune_quotes
DELETE FROM quote
WHERE id IN (SELECT id FROM quote WHERE id <= ?1 AND state <> 'open' ORDER BY id LIMIT ?2)

-- name: prune_orders
DELETE FROM shop_order
WHERE number IN (SELECT number FROM shop_order WHERE placed_at <= ?1 LIMIT ?2)

-- name: keys_next
INSERT INTO customer (key, next_at)
SELECT value ->> 0, value ->> 1 FROM jsonb_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET next_at = max(next_at, excluded.next_at)

-- name: keys_next_of
INSERT INTO customer (key, next_at)
SELECT e.key, max(j.value ->> 1) FROM jsonb_each(?1) j JOIN entry e ON e.id = j.value ->> 0 WHERE true GROUP BY e.key
ON CONFLICT (key) DO UPDATE SET next_at = max(next_at, excluded.next_at)

-- name: unsee_wamids
DELETE FROM seen_message WHERE id IN (SELECT value FROM json_each(?1))

-- name: identities
SELECT j.value, coalesce(i.key, c.key)
FROM json_each(?1) j LEFT JOIN identity i ON i.name = j.value LEFT JOIN customer c ON c.key = j.value
WHERE coalesce(i.key, c.key) IS NOT NULL

-- name: put_identities
INSERT INTO identity (name, key)
SELECT value ->> 0, value ->> 1 FROM jsonb_each(?1) WHERE true
ON CONFLICT (name) DO UPDATE SET key = excluded.key

-- name: add
INSERT INTO entry (id, state, channel, lane, key, phone, user_id, wamid, answers, content, written_at, received_at,
  deadline_at, traceparent, due_at, attempts, lease_owner, lease_until, reason, finished_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15,
  value ->> 16, value ->> 17, value ->> 18, value ->> 19
FROM jsonb_each(?1)

-- name: lanes
SELECT l.channel, l.name, coalesce(p.next_at, 0), l.failures, l.open_reason, l.opened_at, l.probe_at, l.reachable,
  l.unknown_trials, l.good_at, l.outage_at
FROM lane l LEFT JOIN pace p ON p.channel = l.channel AND p.lane = l.name

-- name: add_lane
INSERT INTO lane (channel, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING

-- name: hold_lane
-- There is only one writer, so it holds every lane.
SELECT failures, open_reason, opened_at, probe_at, reachable, unknown_trials, good_at, outage_at
FROM lane WHERE channel = ?1 AND name = ?2

-- name: lock_lanes
SELECT l.channel, l.name, l.failures, l.open_reason, l.opened_at, l.probe_at, l.reachable, l.unknown_trials, l.good_at,
  l.outage_at
FROM jsonb_each(?1) j CROSS JOIN lane l ON l.channel = j.value ->> 0 AND l.name = j.value ->> 1

-- name: put_lanes
UPDATE lane SET failures = j.value ->> 2, open_reason = j.value ->> 3, opened_at = j.value ->> 4,
  probe_at = j.value ->> 5, reachable = j.value ->> 6, unknown_trials = j.value ->> 7, good_at = j.value ->> 8,
  outage_at = j.value ->> 9
FROM jsonb_each(?1) j WHERE lane.channel = j.value ->> 0 AND lane.name = j.value ->> 1

-- name: take_turns
-- Takes up to ?3 turns, one every ?4 seconds, from ?5 to ?6; returns when the first is, and how many there are.
INSERT INTO pace (channel, lane, next_at, taken)
SELECT ?1, ?2, ?5 + ?4 * n, n FROM (SELECT min(?3, CAST((?6 - ?5) / ?4 AS INTEGER) + 1) AS n) WHERE true
ON CONFLICT (channel, lane) DO UPDATE SET (next_at, taken) = (
  SELECT first + ?4 * n, n
  FROM (SELECT first, CASE WHEN first > ?6 THEN 0 ELSE min(?3, CAST((?6 - first) / ?4 AS INTEGER) + 1) END AS n
    FROM (SELECT max(pace.next_at, ?5) AS first)))
RETURNING next_at - ?4 * taken, taken

-- name: delay_turns
INSERT INTO pace (channel, lane, next_at, taken) VALUES (?1, ?2, ?3, 0)
ON CONFLICT (channel, lane) DO UPDATE SET next_at = max(next_at, excluded.next_at)

-- name: due
SELECT id, due_at FROM entry INDEXED BY entry_due
WHERE channel = ?1 AND lane = ?2 AND due_at > ?3 AND due_at <= ?4
ORDER BY due_at LIMIT ?5

-- name: due_by_id
SELECT m.id, m.key, m.state, m.deadline_at, m.suspect_at, m.hopeless, coalesce(c.next_at, 0), f.id,
  iif(f.lease_owner IS 'job', NULL, f.due_at)
FROM json_each(?4) j CROSS JOIN entry m ON m.id = j.value LEFT JOIN customer c ON c.key = m.key
  LEFT JOIN entry f ON f.id = (SELECT e.id FROM entry e WHERE e.key = m.key AND e.finished_at IS NULL
    ORDER BY e.lease_until IS NULL, e.written_at, e.id LIMIT 1)
WHERE m.channel = ?1 AND m.lane = ?2 AND m.due_at <= ?3
ORDER BY m.due_at

-- name: due_of
SELECT due_at, channel, lane FROM entry WHERE id = ?1 AND due_at IS NOT NULL

-- name: next_due
SELECT min(due_at) FROM entry WHERE channel = ?1 AND lane = ?2 AND due_at > ?3

-- name: lease
UPDATE entry SET state = 'sending', due_at = NULL, attempts = attempts + 1,
  spent = spent - (j.value ->> 2), unknowns = unknowns - (state = 'unknown' AND j.value ->> 2),
  suspect_at = NULL, hopeless = NULL, lease_owner = ?2, lease_until = j.value ->> 1
FROM jsonb_each(?1) j WHERE entry.id = j.value ->> 0
RETURNING id, attempts, wamid, channel, lane, phone, user_id, content, received_at, deadline_at, lease_until,
  traceparent

-- name: postpone
UPDATE entry SET due_at = j.value ->> 1 FROM jsonb_each(?1) j WHERE entry.id = j.value ->> 0

-- name: deliver
UPDATE entry SET state = 'delivered', due_at = NULL, lease_owner = NULL, lease_until = NULL,
  finished_at = ?2, reason = NULL, sent_wamid = j.value ->> 2, sent_attempt = attempts
FROM jsonb_each(?1) j
WHERE entry.id = j.value ->> 0 AND attempts = j.value ->> 1 AND state IN ('sending', 'unknown')
RETURNING id, channel, lane, received_at, attempts

-- name: attempted
SELECT m.id, m.state, m.attempts, m.spent, m.throttles, m.unknowns, m.deadline_at, m.received_at, m.channel,
  m.lane, m.key, m.failed_attempt, m.sent_attempt, m.content
FROM json_each(?1) j JOIN entry m ON m.id = j.value

-- name: sent_as
SELECT sent_wamid, id, sent_attempt FROM entry WHERE sent_wamid IN (SELECT value FROM json_each(?1))

-- name: decide
UPDATE entry SET state = j.value ->> 1, due_at = j.value ->> 2, reason = j.value ->> 3,
  spent = spent + (j.value ->> 4), throttles = throttles + (j.value ->> 5), unknowns = unknowns + (j.value ->> 6),
  error_class = j.value ->> 7, error_code = j.value ->> 8, error_detail = j.value ->> 9,
  finished_at = j.value ->> 10, suspect_at = j.value ->> 11, hopeless = j.value ->> 12,
  failed_attempt = max(failed_attempt, j.value ->> 13), lease_owner = NULL, lease_until = NULL
FROM jsonb_each(?1) j WHERE entry.id = j.value ->> 0

-- name: put_content
UPDATE entry SET content = j.value ->> 1 FROM jsonb_each(?1) j WHERE entry.id = j.value ->> 0

-- name: release
UPDATE entry SET state = 'queued', due_at = ?2, attempts = attempts - 1, lease_owner = NULL, lease_until = NULL
FROM jsonb_each(?1) j
WHERE entry.id = j.value ->> 0 AND attempts = j.value ->> 1 AND state = 'sending'

-- name: settle
UPDATE entry SET state = 'delivered', due_at = NULL, lease_owner = NULL, lease_until = NULL,
  finished_at = ?2, reason = NULL, sent_wamid = j.value ->> 1, sent_attempt = j.value ->> 2
FROM jsonb_each(?1) j WHERE entry.id = j.value ->> 0

-- name: delete
DELETE FROM entry WHERE id IN (SELECT value FROM json_each(?1))

-- name: rescuable
SELECT id, channel, lane, lease_until, spent FROM entry WHERE lease_until > ?1 AND lease_until <= ?2
ORDER BY lease_until LIMIT ?3

-- name: expired
SELECT id, channel, lane FROM entry WHERE due_at IS NOT NULL AND deadline_at <= ?1 LIMIT ?2

-- name: repair_due
UPDATE entry SET due_at = ?1 WHERE channel = ?3 AND due_at > ?2

-- name: repair_leases
UPDATE entry SET lease_until = ?1 WHERE channel = ?3 AND lease_until > ?2

-- name: repair_keys
UPDATE customer SET next_at = ?1 WHERE ?3 = 'whatsapp' AND next_at > ?2

-- name: repair_lanes
UPDATE lane SET probe_at = min(probe_at, ?1), good_at = min(good_at, ?1), outage_at = min(outage_at, ?1)
WHERE channel = ?3 AND max(probe_at, good_at, outage_at) > ?2 AND open_reason IS NOT 'ended'

-- name: repair_turns
UPDATE pace SET next_at = ?1 WHERE channel = ?3 AND next_at > ?2

-- name: prune_finished
DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE state = ?1 AND finished_at <= ?2 LIMIT ?3)

-- name: prune_seen
DELETE FROM seen_message WHERE id IN (SELECT id FROM seen_message WHERE id <= ?1 LIMIT ?2)

-- name: stale_customers
SELECT key FROM customer WHERE next_at <= ?1 AND talk ->> '$.handoff.until' IS NULL
  AND talk ->> '$.permission.opted_out' IS NULL
  AND NOT EXISTS (SELECT 1 FROM quote q WHERE q.key = customer.key)
  AND NOT EXISTS (SELECT 1 FROM shop_order o WHERE o.key = customer.key)

-- name: prune_customers
DELETE FROM customer
WHERE key IN (SELECT value FROM json_each(?1)) AND next_at <= ?2
  AND talk ->> '$.handoff.until' IS NULL AND talk ->> '$.permission.opted_out' IS NULL
  AND NOT EXISTS (SELECT 1 FROM quote q WHERE q.key = customer.key)
  AND NOT EXISTS (SELECT 1 FROM shop_order o WHERE o.key = customer.key)

-- name: add_totals
INSERT INTO total (metric, labels, value)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each(?1) WHERE true
ON CONFLICT (metric, labels) DO UPDATE SET value = value + excluded.value

-- name: totals
SELECT metric, labels, value FROM total

-- name: state_counts
SELECT channel, lane, state, rows FROM state_count

-- name: recount
SELECT channel, lane, state, count(*) FROM entry GROUP BY channel, lane, state

-- name: drop_counts
DELETE FROM state_count

-- name: put_counts
INSERT INTO state_count (channel, lane, state, rows)
SELECT channel, lane, state, count(*) FROM entry GROUP BY channel, lane, state

-- name: set_meta
INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: init_meta
INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING

-- name: check_writable
INSERT INTO meta (name, value) VALUES ('checked_at', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: get_meta
SELECT name, value FROM meta

-- name: listing
SELECT id, coalesce(phone, user_id), state, attempts, error_class, error_code, error_detail, coalesce(reason, ''),
  received_at, due_at
FROM entry WHERE channel IN ('whatsapp', 'template') AND state IN (SELECT value FROM json_each(?1)) AND id > ?2 ORDER BY id LIMIT ?3

-- name: failed
SELECT id, coalesce(phone, user_id), state, attempts, error_class, error_code, error_detail, coalesce(reason, ''),
  received_at, due_at
FROM entry INDEXED BY entry_failed WHERE state = 'failed' AND channel IN ('whatsapp', 'template') AND id > ?1
ORDER BY id LIMIT ?2

-- name: show
SELECT * FROM entry WHERE id = ?1 AND channel IN ('whatsapp', 'template')

-- name: retry
UPDATE entry SET state = 'queued', due_at = ?2, spent = 0, throttles = 0, unknowns = 0, suspect_at = NULL,
  hopeless = NULL, reason = NULL, finished_at = NULL
WHERE id IN (SELECT value FROM json_each(?1)) AND state IN ('failed', 'discarded', 'queued', 'unknown')
  AND reason IS NOT 'superseded' AND deadline_at > ?2
RETURNING id

-- name: discard
UPDATE entry SET state = 'discarded', due_at = NULL, reason = NULL, finished_at = ?2
WHERE id IN (SELECT value FROM json_each(?1)) AND state IN ('queued', 'unknown', 'failed')
RETURNING id, channel, lane

-- name: remove
DELETE FROM entry WHERE id IN (SELECT value FROM json_each(?1)) AND state IN ('failed', 'discarded')
RETURNING key

-- name: clear
DELETE FROM entry WHERE channel IN ('whatsapp', 'template') AND state IN ('failed', 'discarded') RETURNING key

-- name: forget_customers
WITH erased AS (SELECT value AS key FROM json_each(?1))
DELETE FROM customer WHERE key IN erased
  AND key NOT IN (SELECT key FROM entry WHERE key IN erased) AND talk ->> '$.handoff.until' IS NULL
  AND NOT EXISTS (SELECT 1 FROM quote q WHERE q.key = customer.key AND q.state = 'open')
  AND NOT EXISTS (SELECT 1 FROM shop_order o WHERE o.key = customer.key)

-- name: fail
UPDATE entry SET state = 'failed', due_at = NULL, reason = ?2, finished_at = ?3, lease_owner = NULL, lease_until = NULL
WHERE id = ?1

-- name: under_way
SELECT count(*) FROM entry WHERE lease_until IS NOT NULL AND channel = ?1 AND lane = ?2

-- name: failed_replies
SELECT id, key, phone, user_id, reason, error_class, error_code FROM entry
WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id

-- name: lock_notices
-- There is only one writer, so it holds them already.
SELECT 1 WHERE false

-- name: last_sequences
SELECT j.value, max(e.sequence) FROM json_each(?1) j CROSS JOIN event e ON e.key = j.value GROUP BY j.value

-- name: add_events
INSERT INTO event (id, type, key, sequence, at, content)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM jsonb_each(?1)

-- name: address_events
INSERT INTO entry (id, state, channel, lane, key, content, event_id, written_at, received_at, deadline_at, due_at,
  traceparent)
SELECT value ->> 0, 'queued', value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 6,
  ?3, ?2, value ->> 7
FROM jsonb_each(?1)

-- name: unheard
SELECT 1 FROM entry j JOIN entry r ON r.id = ?3
WHERE j.id = ?1 AND j.attempts = ?2 AND j.state = 'sending' AND r.state = 'queued' AND r.lease_owner = 'job'

-- name: fill
UPDATE entry SET content = j.value ->> 1, answers = j.value ->> 2, due_at = j.value ->> 3,
  lease_owner = NULL
FROM jsonb_each(?1) j WHERE entry.id = j.value ->> 0

-- name: ask_to_write
UPDATE entry SET due_at = min(due_at, ?2), lease_owner = NULL
WHERE state = 'queued' AND lease_owner = 'job' AND id IN
  (SELECT j.content ->> '$.reply' FROM json_each(?1) i CROSS JOIN entry j ON j.id = i.value)

-- name: events_after
SELECT content FROM event
WHERE id > ?1 AND (?2 = '[]' OR type IN (SELECT value FROM json_each(?2))) ORDER BY id LIMIT ?3

-- name: events_since
SELECT content FROM event WHERE id > ?1 AND at >= ?2 ORDER BY id LIMIT ?3

-- name: events_by_id
SELECT content FROM event WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id

-- name: waiting_events
SELECT event_id, lane FROM entry
WHERE event_id IN (SELECT value FROM json_each(?1)) AND finished_at IS NULL

-- name: deliveries_of
SELECT lane, state, attempts, due_at, error_class, error_code, error_detail, reason FROM entry
WHERE event_id = ?1 ORDER BY id

-- name: oldest_waiting
SELECT received_at FROM entry WHERE channel = 'http' AND lane = ?1 AND finished_at IS NULL ORDER BY id LIMIT 1

-- name: prune_events
DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id <= ?1 LIMIT ?2)

-- name: names_of
SELECT key, key FROM customer WHERE key IN (SELECT value FROM json_each(?1))
UNION
SELECT key, name FROM identity WHERE key IN (SELECT value FROM json_each(?1)) ORDER BY 1, 2

-- name: people_in_customers
SELECT key, key, substr(key, instr(key, ':') + 1), NULL FROM customer WHERE key > ?1 ORDER BY key LIMIT ?2

-- name: people_in_identities
SELECT name, key, substr(name, instr(name, ':') + 1), NULL FROM identity WHERE name > ?1 ORDER BY name LIMIT ?2

-- name: people_in_entries
SELECT id, CASE WHEN channel IN ('http', 'media') THEN NULL ELSE key END,
  CASE WHEN channel IN ('http', 'media') THEN content ->> '$.customer.phone' ELSE phone END,
  CASE WHEN channel IN ('http', 'media') THEN content ->> '$.customer.user_id' ELSE user_id END
FROM entry WHERE id > ?1 ORDER BY id LIMIT ?2

-- name: people_in_events
SELECT id, key, content ->> '$.customer.phone', content ->> '$.customer.user_id'
FROM event WHERE id > ?1 ORDER BY id LIMIT ?2

-- name: people_in_orders
SELECT placed_id, key, phone, user_id FROM shop_order WHERE placed_id > ?1 ORDER BY placed_id LIMIT ?2

-- name: erase_orders
UPDATE shop_order SET key = 'erased:' || number, phone = NULL, user_id = NULL, location = NULL, left_out = '[]',
  traceparent = NULL
WHERE key IN (SELECT value FROM json_each(?1)) OR placed_id IN (SELECT value FROM json_each(?2))
RETURNING number

-- name: erase_quotes
DELETE FROM quote WHERE key IN (SELECT value FROM json_each(?1)) RETURNING state, source, currency, total, accepted_at

-- name: erase_customers
DELETE FROM customer WHERE key IN (SELECT value FROM json_each(?1))

-- name: erase_identities
DELETE FROM identity WHERE key IN (SELECT value FROM json_each(?1))

-- name: erase_events
DELETE FROM event WHERE key IN (SELECT value FROM json_each(?1)) OR id IN (SELECT value FROM json_each(?2))
RETURNING id

-- name: erase_entries
DELETE FROM entry WHERE id IN (SELECT value FROM json_each(?1)) OR event_id IN (SELECT value FROM json_each(?2))
RETURNING channel, lane, state

-- The counts of the report: rows of (how many, what) between two instants.

-- name: survey_messages
SELECT count(*) FROM seen_message WHERE id >= ?1 AND id < ?2 AND wamid_key < 'x'

-- name: survey_quotes
SELECT count(*), state, accepted_at IS NOT NULL, currency, total FROM quote WHERE id >= ?1 AND id < ?2
GROUP BY 2, 3, 4, 5

-- name: survey_quote_times
SELECT count(*), id / 900000000 FROM quote WHERE id >= ?1 AND id < ?2 GROUP BY 2

-- name: survey_decisions
SELECT count(*), CAST(round(closed_at - accepted_at) AS INTEGER) FROM quote
WHERE id >= ?1 AND id < ?2 AND state IN ('confirmed', 'rejected') AND accepted_at IS NOT NULL
GROUP BY 2

-- name: survey_quoted
SELECT count(*), l.value ->> 'sku', coalesce(l.value ->> 'unit', ''), l.value ->> 'quantity', max(l.value ->> 'name')
FROM quote q CROSS JOIN json_each(q.lines) l WHERE q.id >= ?1 AND q.id < ?2 AND q.state <> 'replaced'
GROUP BY 2, 3, 4

-- name: survey_orders
SELECT count(*), state, instr(steps, '"state":"accepted"') > 0, currency, total FROM shop_order
WHERE placed_at >= ?1 AND placed_at < ?2
GROUP BY 2, 3, 4, 5

-- name: survey_order_times
SELECT count(*), CAST(placed_at / 900 AS INTEGER) FROM shop_order WHERE placed_at >= ?1 AND placed_at < ?2 GROUP BY 2

-- name: survey_ordered
SELECT count(*), l.value ->> 'sku', coalesce(l.value ->> 'unit', ''), l.value ->> 'quantity', max(l.value ->> 'name')
FROM shop_order o CROSS JOIN json_each(o.lines) l WHERE o.placed_at >= ?1 AND o.placed_at < ?2
GROUP BY 2, 3, 4

-- name: survey_lost
SELECT count(*), reason FROM entry
WHERE state = 'failed' AND finished_at >= ?1 AND finished_at < ?2 AND channel IN ('whatsapp', 'template')
GROUP BY 2

-- name: survey_handoffs
SELECT sum(count), reason FROM handoff WHERE at >= ?1 AND at < ?2 GROUP BY 2

-- name: note_handoff
INSERT INTO handoff AS h (at, reason, count) VALUES (?1, ?2, 1)
ON CONFLICT (at, reason) DO UPDATE SET count = h.count + 1

-- name: prune_handoffs
DELETE FROM handoff WHERE (at, reason) IN
  (SELECT at, reason FROM handoff WHERE at <= ?1 ORDER BY at LIMIT ?2)

-- name: note_asked
INSERT INTO asked (day, phrase, kind, customer)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_each(?1) WHERE true
ON CONFLICT DO NOTHING

-- name: erase_asked
DELETE FROM asked WHERE customer IN (SELECT value FROM json_each(?1))

-- name: prune_asked
DELETE FROM asked WHERE (day, phrase, kind, customer) IN
  (SELECT day, phrase, kind, customer FROM asked WHERE day <= ?1 ORDER BY day LIMIT ?2)

-- name: survey_asked
SELECT phrase, kind, count(DISTINCT customer) FROM asked WHERE day >= ?1 AND day <= ?2
GROUP BY phrase, kind HAVING count(DISTINCT customer) >= ?3 ORDER BY 3 DESC, 1, 2 LIMIT 100

-- name: placed_between
SELECT number FROM shop_order WHERE state = 'placed' AND placed_at > ?1 AND placed_at <= ?2 ORDER BY number

-- name: waiting_since
SELECT 1 FROM entry WHERE due_at IS NOT NULL AND channel = ?1 AND lane = ?2 AND received_at <= ?3
UNION ALL
SELECT 1 FROM entry WHERE lease_until IS NOT NULL AND channel = ?1 AND lane = ?2 AND received_at <= ?3
LIMIT 1

-- name: lost_since
SELECT count(*) FROM entry WHERE state = 'failed' AND finished_at >= ?3 AND channel = ?1 AND lane = ?2

-- name: waiting_replies
-- Without the reply that tells the number of an order, because the order stays valid.
SELECT id FROM entry
WHERE key = ?1 AND channel = 'whatsapp' AND wamid IS NOT NULL AND finished_at IS NULL AND state IN ('queued', 'unknown')
  AND NOT EXISTS (SELECT 1 FROM shop_order o WHERE o.placed_id = entry.id)

-- name: waiting_without_a_message
SELECT id FROM entry
WHERE key = ?1 AND channel IN ('whatsapp', 'template') AND wamid IS NULL AND finished_at IS NULL
  AND state IN ('queued', 'unknown')

-- name: unwanted
SELECT e.id FROM json_each(?1) j CROSS JOIN entry e ON e.id = j.value JOIN customer c ON c.key = e.key
WHERE e.channel IN ('whatsapp', 'template') AND CASE WHEN e.wamid IS NULL
  THEN c.talk ->> '$.permission.opted_out' IS NOT NULL
  ELSE coalesce(c.talk ->> '$.handoff.until', 0) > ?2 AND e.received_at < coalesce(c.talk ->> '$.handoff.since', 0)
    AND NOT EXISTS (SELECT 1 FROM shop_order o WHERE o.placed_id = e.id) END

-- name: remindable
SELECT q.key, c.written_at, q.traceparent, q.token, q.lines, q.currency, q.source, q.opened_at, q.changed_at,
  q.expires_at, q.state, q.accepted_at
FROM quote q JOIN customer c ON c.key = q.key
WHERE q.state = 'open' AND q.expires_at > ?1 AND q.accepted_at <= ?2 AND q.reminder_id IS NULL
  AND c.written_at > ?3 AND c.written_at <= q.accepted_at
  AND c.talk ->> '$.permission.opted_out' IS NULL AND coalesce(c.talk ->> '$.handoff.until', 0) <= ?1
  AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.key = q.key AND e.finished_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM quote r WHERE r.key = q.key AND r.reminder_id > ?4)
ORDER BY q.accepted_at LIMIT ?5

-- name: reminded
UPDATE quote SET reminder_id = j.value ->> 1 FROM jsonb_each(?1) j WHERE quote.token = j.value ->> 0

-- name: stale_reminders
SELECT q.reminder_id FROM json_each(?1) j CROSS JOIN quote q ON q.reminder_id = j.value JOIN customer c ON c.key = q.key
WHERE q.state <> 'open' OR c.written_at > q.accepted_at OR c.talk ->> '$.permission.opted_out' IS NOT NULL
  OR coalesce(c.talk ->> '$.handoff.until', 0) > ?2

-- name: closed
SELECT e.id, e.lane, e.key, e.phone, e.user_id, e.wamid, e.answers, e.content, e.traceparent, q.token, q.lines, q.total, q.currency
FROM json_each(?1) j CROSS JOIN entry e ON e.id = j.value
  LEFT JOIN customer c ON c.key = e.key
  LEFT JOIN quote q ON q.id = e.id AND q.state = 'open' AND q.expires_at > ?2
WHERE c.talk ->> '$.permission.opted_out' IS NULL AND coalesce(c.talk ->> '$.handoff.until', 0) <= ?2
ORDER BY e.id

-- name: leave_outside
UPDATE entry SET state = 'discarded', reason = 'superseded' WHERE id IN (SELECT value FROM json_each(?1))

-- name: move_quotes
UPDATE quote SET id = j.value ->> 1 FROM jsonb_each(?1) j WHERE quote.id = j.value ->> 0

-- name: sent_by_us
SELECT 1 FROM entry WHERE sent_wamid = ?1 UNION ALL SELECT 1 FROM quote WHERE sent_wamid = ?1

-- name: held_until
SELECT key FROM customer WHERE talk ->> '$.handoff.until' <= ?1 LIMIT ?2

-- name: waiting_for_a_person
SELECT count(talk ->> '$.handoff.waiting_since'), min(talk ->> '$.handoff.waiting_since') FROM customer
WHERE talk ->> '$.handoff.until' > ?1
