-- Whose file this is: "reca", so that no other application's database is ever taken for a queue.
PRAGMA application_id = 0x72656361;
