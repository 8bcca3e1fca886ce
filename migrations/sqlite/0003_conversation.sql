-- What grows around a message: edits, reactions, pins, mentions. Most messages have none of it;
-- `flags` tells without a look elsewhere, so that reading a page costs what it did before.
--   1 names somebody   2 has reactions   4 has files   8 is pinned   16 names the whole room   32 is a reply
alter table messages add column flags integer not null default 0;
-- Who is named, as a JSON array of user ids.
alter table messages add column mentions text;
alter table messages add column pinned_at integer;

update messages set flags = 32 where reply_to is not null;

create index messages_pinned on messages (room_id, pinned_at) where pinned_at is not null;

-- What a message said before its edits. A deleted message has none left.
create table message_versions (
    message_id integer not null references messages (id) on delete cascade,
    version    integer not null,
    body       text    not null,
    -- When this text was written; it stood until the next version's.
    written_at integer not null,
    primary key (message_id, version)
) strict, without rowid;

create table reactions (
    message_id integer not null references messages (id) on delete cascade,
    emoji      text    not null,
    user_id    integer not null references users (id) on delete cascade,
    reacted_at integer not null,
    primary key (message_id, emoji, user_id)
) strict, without rowid;

create index reactions_of_user on reactions (user_id);

-- Whose attention a message asks for: who is named in it, or answered by it. Counted from a
-- member's receipt on, so that nothing has to be marked as seen.
create table mentions (
    user_id integer not null references users (id) on delete cascade,
    room_id integer not null references rooms (id) on delete cascade,
    seq     integer not null,
    primary key (user_id, room_id, seq)
) strict, without rowid;

create index mentions_of_message on mentions (room_id, seq);

-- Messages that name the whole room: one row for all its members.
create table room_mentions (
    room_id   integer not null references rooms (id) on delete cascade,
    seq       integer not null,
    author_id integer not null references users (id),
    primary key (room_id, seq)
) strict, without rowid;

-- What of a room's news a member wants to be told of.
alter table memberships add column notify text not null default 'all'
    check (notify in ('all', 'mentions', 'none'));

-- Who does not want to hear of whom: no direct messages, no mentions.
create table blocks (
    blocker_id integer not null references users (id) on delete cascade,
    blocked_id integer not null references users (id) on delete cascade,
    blocked_at integer not null,
    primary key (blocker_id, blocked_id)
) strict, without rowid;

create index blocks_of_blocked on blocks (blocked_id);

-- The one room of a set of people: their ids, ascending, with commas between them.
create table direct_rooms (
    room_id integer primary key references rooms (id) on delete cascade,
    members text not null unique,
    -- Who asked for it first: one may ask for so many.
    made_by integer not null references users (id)
) strict;

create index direct_rooms_made on direct_rooms (made_by);

-- A message as it is read: what grew around it is one JSON value, null for most.
create view messages_seen as
select m.id, m.room_id, m.seq, m.rev, m.kind, m.author_id, m.body, m.event, m.reply_to, m.key,
       m.created_at, m.edited_at, m.deleted_at, m.pinned_at,
       case when m.flags <> 0 then json_object(
           'mentions', json(m.mentions),
           'names_room', json(iif(m.flags & 16, 'true', 'false')),
           'pinned_at', m.pinned_at,
           'reactions', iif(m.flags & 2, (
               select json_group_array(json_array(e.emoji, json(e.users)))
               from (select x.emoji, json_group_array(x.user_id) as users, min(x.reacted_at) as first
                     from reactions x where x.message_id = m.id
                     group by x.emoji order by first, x.emoji) e), null),
           'quote', iif(m.flags & 32, (
               select json_object('seq', q.seq, 'body', substr(q.body, 1, 140),
                                  'deleted', json(iif(q.deleted_at is null, 'false', 'true')),
                                  'author', json_object('id', u.id, 'username', u.username,
                                                        'display_name', u.display_name))
               from messages q join users u on u.id = q.author_id
               where q.room_id = m.room_id and q.seq = m.reply_to), null)
       ) end as extras
from messages m;
