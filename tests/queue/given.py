"""A large queue, and the parameters of each statement in the tests of plans: three rows of the queue.

For each n from 1 to 5,000 there is a customer `k n` with an open quote, an older one, an order and an event. His reply
n waits, and 20000 + n failed. 10000 + n is under way, 30000 + n brings event n to an endpoint, 40000 + n hears a voice
note. The three rows are at the end of the tables, so a statement that reads from the beginning reads all rows.
"""

GROWN = """
INSERT INTO recado.entry (id, state, channel, lane, key, phone, wamid, content, written_at, received_at,
  deadline_at, due_at, sent_wamid)
SELECT n, 'queued', 'whatsapp', '1', 'k' || n, '+1', 'w' || n, '{}', n, n, 9000 + n, n, 's' || n
FROM generate_series(1, 5000) n;
INSERT INTO recado.entry (id, state, channel, lane, key, phone, content, written_at, received_at,
  deadline_at, lease_until, attempts)
SELECT 10000 + n, 'sending', 'whatsapp', '2', 'u' || n, '+1', '{}', n, n, 9000 + n, n, 1
FROM generate_series(1, 5000) n;
INSERT INTO recado.entry (id, state, channel, lane, key, phone, content, written_at, received_at,
  deadline_at, finished_at, reason)
SELECT 20000 + n, 'failed', 'whatsapp', '1', 'k' || n, '+1', '{}', n, n, 9000 + n, n, 'attempts'
FROM generate_series(1, 5000) n;
INSERT INTO recado.entry (id, state, channel, lane, key, content, event_id, written_at, received_at,
  deadline_at, due_at)
SELECT 30000 + n, 'queued', 'http', 'shop', 'h' || n, '{}', n, n, n, 9000 + n, n FROM generate_series(1, 5000) n;
INSERT INTO recado.entry (id, state, channel, lane, key, content, written_at, received_at, deadline_at,
  due_at, lease_owner)
SELECT 40000 + n, 'queued', 'media', 'voice', 'v' || n, '{"reply": ' || n || '}', n, n, 9000 + n, n, 'job'
FROM generate_series(1, 5000) n;
INSERT INTO recado.seen_message SELECT 'w' || n, n FROM generate_series(1, 5000) n;
INSERT INTO recado.customer (key, talk, written_at)
SELECT 'k' || n, CASE WHEN n % 2 = 0 THEN '{"handoff": {"until": ' || n || '}}' END, n FROM generate_series(1, 5000) n;
INSERT INTO recado.identity SELECT 'n' || n, 'k' || n FROM generate_series(1, 5000) n;
INSERT INTO recado.quote (id, token, key, state, source, currency, lines, total, opened_at, changed_at, expires_at,
  accepted_at, sent_wamid, reminder_id)
SELECT n, 't' || n, 'k' || n, 'open', 'text', 'USD', '[]', '1', n, n, n, n, 's' || n, n FROM
generate_series(1, 5000) n;
INSERT INTO recado.quote (id, token, key, state, source, currency, lines, total, opened_at, changed_at,
  expires_at, closed_at)
SELECT -n, 'old' || n, 'k' || n, 'replaced', 'text', 'USD', '[]', '1', n, n, n, n FROM generate_series(1, 5000) n;
INSERT INTO recado.shop_order (number, quote, key, channel, lane, state, source, currency, lines, total,
  left_out, placed_at,
  changed_at, placed_id)
SELECT n, 't' || n, 'k' || n, 'whatsapp', '1', 'placed', 'text', 'USD', '[]', '1', '[]', n, n, n
FROM generate_series(1, 5000) n;
INSERT INTO recado.event (id, type, key, sequence, at, content)
SELECT n, 'quote.created', 'k' || n, 1, n, '{}' FROM generate_series(1, 5000) n;
INSERT INTO recado.asked SELECT n, 'p' || n, 'brand', 'a' || n FROM generate_series(1, 5000) n;
"""
IDS = "'[4998, 4999, 5000]'"
FAILED = "'[24998, 24999, 25000]'"
KEYS = """'["k4998", "k4999", "k5000"]'"""
#: With a second column of any use.
PAIRS = "'[[4998, 1], [4999, 1], [5000, 1]]'"
UNDER_WAY = "'[[14998, 1], [14999, 1], [15000, 1]]'"
#: By the names of statements. A page is of three.
GIVEN = {
    "take_ids": "(1, 3)",
    "customers": f"({KEYS})",
    "supersede": f"({KEYS}, 1)",
    "close_quotes": """('[["t4998", "k4998", "confirmed"], ["t4999", "k4999", "expired"],
                          ["t5000", "k5000", "expired"]]', 1)""",
    "replace_quotes": f"({KEYS}, 1)",
    "withdraw_quotes": f"({IDS}, 1)",
    "new_versions": f"({KEYS})",
    "quotes_accepted": f"({IDS}, 1)",
    "quotes_reached": f"({IDS}, 'quote.delivered')",
    "locate_orders": """('[[4998, "k4998", "here"], [4999, "k4999", "here"], [5000, "k5000", "here"]]')""",
    "session_quotes": """('[[1, "k4998", "t4998", null], [2, "k4999", "s4999", null], [3, "k5000", null, "w5000"]]')""",
    "session_orders": f"({KEYS})",
    "shop_order": "(5000)",
    "orders": "(4990, 3)",
    "orders_in": "('placed', 4990, 3)",
    "move_order": "(5000, 'accepted', 1, '[]')",
    "oldest_placed": "",
    "expire_quotes": "(5000, 3)",
    "prune_quotes": "(0, 3)",
    "prune_orders": "(5000, 3)",
    "unsee_wamids": f"({IDS})",
    "keys_next_of": f"({PAIRS})",
    "identities": """('["n4998", "n4999", "k5000"]')""",
    "due": "('whatsapp', '1', 0, 5000, 3)",
    "due_by_id": f"('whatsapp', '1', 10000, {IDS})",
    "due_of": "(5000)",
    "next_due": "('whatsapp', '1', 0)",
    "lease": """('[[4998, 1, true], [4999, 1, true], [5000, 1, true]]', 'pod')""",
    "postpone": f"({PAIRS})",
    "deliver": f"({UNDER_WAY}, 1)",
    "attempted": f"({IDS})",
    "sent_as": """('["s4998", "s4999", "s5000"]')""",
    "decide": """('[[4999, "queued", 1, null, 0, 0, 0, null, null, null, null, null, null, 0],
                    [5000, "queued", 1, null, 0, 0, 0, null, null, null, null, null, null, 0]]')""",
    "put_content": f"({PAIRS})",
    "release": f"({UNDER_WAY}, 1)",
    "settle": """('[[14998, "s", 1], [14999, "s", 1], [15000, "s", 1]]', 1)""",
    "delete": f"({IDS})",
    "rescuable": "(0, 5000, 3)",
    "expired": "(20000, 3)",
    "prune_finished": "('failed', 5000, 3)",
    "prune_seen": "(5000, 3)",
    "prune_customers": f"({KEYS}, 1)",
    "failed": "(0, 3)",
    "show": "(5000)",
    "retry": f"({IDS}, 1)",
    "discard": f"({IDS}, 1)",
    "remove": f"({FAILED})",
    "fail": "(5000, 'attempts', 1)",
    "failed_replies": f"({FAILED})",
    "last_sequences": f"({KEYS})",
    "unheard": "(45000, 0, 5000)",
    "fill": """('[[4998, "{}", "[]", 1], [4999, "{}", "[]", 1], [5000, "{}", "[]", 1]]')""",
    "ask_to_write": "('[44998, 44999, 45000]', 1)",
    "events_after": "(4990, '[]', 3)",
    "events_since": "(4990, 1, 3)",
    "events_by_id": f"({IDS})",
    "waiting_events": f"({IDS})",
    "deliveries_of": "(5000)",
    "oldest_waiting": "('shop')",
    "prune_events": "(5000, 3)",
    "names_of": f"({KEYS})",
    "people_in_customers": "('k4', 3)",
    "people_in_identities": "('n4', 3)",
    "people_in_entries": "(4990, 3)",
    "people_in_events": "(4990, 3)",
    "people_in_orders": "(4990, 3)",
    "erase_quotes": f"({KEYS})",
    "erase_customers": f"({KEYS})",
    "erase_identities": f"({KEYS})",
    "erase_asked": """('["a4998", "a4999", "a5000"]')""",
    "prune_asked": "(5000, 3)",
    "placed_between": "(4997, 5000)",
    "waiting_replies": "('k5000')",
    "waiting_without_a_message": "('k5000')",
    "reminded": """('[["t4998", 1], ["t4999", 2], ["t5000", 3]]')""",
    "unwanted": f"({IDS}, 1)",
    "stale_reminders": f"({IDS}, 1)",
    "closed": f"({IDS}, 1)",
    "leave_outside": f"({FAILED})",
    "move_quotes": "('[[4998, 60001], [4999, 60002], [5000, 60003]]')",
    "sent_by_us": "('s5000')",
    "held_until": "(5000, 3)",
}
