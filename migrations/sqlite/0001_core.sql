-- Times are milliseconds since 1970. Numbers of users, rooms and sessions are never reused, for
-- they stand in tokens and links: hence autoincrement.

create table users (
    id            integer primary key autoincrement,
    username      text    not null,
    -- What two spellings of one name share.
    username_key  text    not null unique,
    display_name  text    not null,
    password_hash text    not null,
    created_at    integer not null,
    last_seen     integer not null
) strict;

create table sessions (
    id           integer primary key autoincrement,
    user_id      integer not null references users (id) on delete cascade,
    -- Counts refreshes. A refresh token of an older generation has been used before.
    generation   integer not null,
    created_at   integer not null,
    last_used_at integer not null,
    expires_at   integer not null,
    ended_at     integer,
    user_agent   text    not null,
    address      text    not null
) strict;

create index sessions_of_user on sessions (user_id) where ended_at is null;
create index sessions_ended on sessions (ended_at) where ended_at is not null;
create index sessions_expiring on sessions (expires_at);

create table rooms (
    id           integer primary key autoincrement,
    name         text    not null,
    topic        text    not null default '',
    kind         text    not null check (kind in ('public', 'private', 'direct')),
    last_seq     integer not null default 0,
    last_rev     integer not null default 0,
    -- Text messages so far; with the count at a member's receipt, unread is one subtraction.
    text_count   integer not null default 0,
    member_count integer not null default 0,
    created_at   integer not null,
    -- A deleted room has no members; its messages go in small slices afterwards.
    deleted_at   integer
) strict;

create index rooms_public on rooms (id) where kind = 'public' and deleted_at is null;
create index rooms_deleted on rooms (deleted_at) where deleted_at is not null;

create table invites (
    id         integer primary key autoincrement,
    room_id    integer not null references rooms (id) on delete cascade,
    code       text    not null unique,
    created_by integer not null references users (id),
    created_at integer not null,
    -- The standing invite is the room's access code: one a room, shown again to who may invite.
    standing   integer not null check (standing in (0, 1))
) strict;

create index invites_of_room on invites (room_id);
create unique index invites_standing on invites (room_id) where standing = 1;

create table memberships (
    room_id         integer not null references rooms (id) on delete cascade,
    user_id         integer not null references users (id) on delete cascade,
    role            text    not null check (role in ('member', 'moderator', 'owner')),
    joined_at       integer not null,
    read_seq        integer not null default 0,
    -- The room's text_count at read_seq.
    read_text_count integer not null default 0,
    primary key (room_id, user_id)
) strict, without rowid;

create index memberships_of_user on memberships (user_id, room_id);

create table messages (
    id         integer primary key,
    room_id    integer not null references rooms (id) on delete cascade,
    seq        integer not null,
    rev        integer not null,
    kind       text    not null check (kind in ('text', 'system')),
    author_id  integer not null references users (id),
    body       text    not null,
    -- What a system message reports, as JSON.
    event      text,
    reply_to   integer,
    key        text,
    -- The room's text_count including this message.
    text_count integer not null,
    created_at integer not null,
    edited_at  integer,
    deleted_at integer
) strict;

create unique index messages_by_seq on messages (room_id, seq);
create unique index messages_by_rev on messages (room_id, rev);
create unique index messages_by_key on messages (room_id, author_id, key) where key is not null;
