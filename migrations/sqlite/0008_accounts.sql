-- What an account is besides a name and a password, and how it ends.

-- What people say of themselves.
alter table users add column about text not null default '';
-- Whether others are kept from seeing when somebody was last here.
alter table users add column hide_last_seen integer not null default 0 check (hide_last_seen in (0, 1));
-- Since when an account lets nobody in.
alter table users add column disabled_at integer;
-- A deleted account keeps its number, for its messages stay: under no name that anybody had.
alter table users add column deleted_at integer;

-- Names that somebody had. Nobody else may take them, or old mentions and links would mean another.
create table former_usernames (
    username_key text    primary key,
    user_id      integer not null references users (id),
    given_up_at  integer not null
) strict, without rowid;

create index former_usernames_of_user on former_usernames (user_id);

create table avatars (
    user_id integer primary key references users (id) on delete cascade,
    -- The media type that its first bytes tell.
    kind    text    not null,
    bytes   blob    not null
) strict;

-- A personal token is a login that is not refreshed: it is listed, ends, and takes its sockets along
-- as any other does. What it has beside that is here.
create table tokens (
    session_id   integer primary key references sessions (id) on delete cascade,
    name         text    not null,
    scope        text    not null check (scope in ('read', 'write')),
    -- SHA-256; the token itself is kept nowhere.
    digest       blob    not null unique,
    last_used_at integer
) strict;

-- One link at a time with which somebody sets a new password.
create table password_resets (
    user_id    integer primary key references users (id) on delete cascade,
    digest     blob    not null unique,
    expires_at integer not null
) strict;

-- Whose messages are to go, slice by slice. No index knows messages by their author, for every
-- message would pay for it: they are all looked at once, from this one on.
create table erasures (
    user_id  integer primary key references users (id) on delete cascade,
    after_id integer not null default 0
) strict;
