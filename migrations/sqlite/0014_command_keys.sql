-- Idempotency keys of the commands `edit`, `delete` and `react`. The keys of messages are a column of theirs.
create table command_keys (
    -- By age: the oldest keys of a user go first.
    id         integer primary key,
    user_id    integer not null,
    -- No reference: the keys of a deleted room expire within a day, and a room's number is never reused.
    room_id    integer not null,
    kind       text    not null check (kind in ('edit', 'delete', 'react')),
    key        text    not null,
    -- SHA-256 of the command: a known key with another command is a conflict.
    digest     blob    not null,
    -- What the first command was acked with.
    seq        integer not null,
    rev        integer not null,
    created_at integer not null,
    unique (user_id, room_id, kind, key)
) strict;

create index command_keys_of_user on command_keys (user_id);
create index command_keys_by_age on command_keys (created_at);
