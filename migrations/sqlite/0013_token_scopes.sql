-- Personal tokens with the scopes `post` and `admin`, and tokens limited to some rooms. Existing tokens keep
-- their scope and are good in all rooms.
--
-- SQLite cannot change a check, so the table is made anew.

create table tokens_with_scopes (
    session_id   integer primary key references sessions (id) on delete cascade,
    name         text    not null,
    scope        text    not null check (scope in ('read', 'write', 'post', 'admin')),
    -- SHA-256; the token itself is kept nowhere.
    digest       blob    not null unique,
    last_used_at integer,
    -- The ids of the rooms that the token is limited to, as a JSON array; null: all rooms of its owner. Not a table
    -- of its own: a deleted room must not take a row away and leave a token without a limit.
    rooms        text    check (rooms is null or (scope <> 'admin' and json_array_length(rooms) > 0))
) strict;

insert into tokens_with_scopes (session_id, name, scope, digest, last_used_at)
select session_id, name, scope, digest, last_used_at from tokens;

drop table tokens;

alter table tokens_with_scopes rename to tokens;
