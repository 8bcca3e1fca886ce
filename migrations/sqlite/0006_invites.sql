-- Invites beside the standing access code. Only that one is shown again and kept as it is; of any
-- other `code` holds the SHA-256, in hex, so that who reads the database cannot come in by it.

-- From then on it admits nobody. The last use sets it too, so that one column says what is over.
alter table invites add column expires_at integer;
-- How many it lets in; without one there is no such limit.
alter table invites add column max_uses integer check (max_uses > 0);
-- How many it has let in. The check is the last line of defence: one use is not spent twice.
alter table invites add column uses integer not null default 0
    check (max_uses is null or uses <= max_uses);

create index invites_expiring on invites (expires_at) where expires_at is not null;
