-- Operators page through failed messages by id: it costs the same however many others there are.
CREATE INDEX message_failed ON message (id) WHERE state = 'failed';
