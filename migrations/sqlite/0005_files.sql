-- Files that come with messages. The bytes lie in the data folder; a row is there before the first of
-- them and goes after the last, so that no byte is ever without a row that knows of it.
create table files (
    -- 128 random bits in hexadecimal digits.
    id             text    primary key,
    -- No reference: the row outlives its room until the bytes are gone.
    room_id        integer not null,
    user_id        integer not null references users (id),
    -- The message it came with; none until one takes it.
    message_id     integer references messages (id) on delete set null,
    -- Its place among the files of that message.
    place          integer,
    name           text    not null,
    mime           text    not null default '',
    -- What it may grow to while it comes in, so that uploads side by side cannot pass a quota together.
    size           integer not null,
    -- SHA-256 of the bytes.
    hash           text    not null default '',
    -- Whether browsers may show it.
    inline         integer not null default 0 check (inline in (0, 1)),
    width          integer,
    height         integer,
    -- What its thumbnail is, and how large; none if there is none.
    thumbnail      text,
    thumbnail_size integer,
    state          text    not null check (state in ('coming', 'here', 'gone')),
    created_at     integer not null
) strict;

create index files_of_message on files (message_id, place) where message_id is not null;
create index files_of_user on files (user_id, state, size);
create index files_of_room on files (room_id) where state <> 'gone';
-- What nobody has sent yet, and what is to be cleared away.
create index files_loose on files (created_at) where message_id is null and state <> 'gone';
create index files_gone on files (created_at) where state = 'gone';

-- The view with the files of a message in what grew around it.
drop view messages_seen;
create view messages_seen as
select m.id, m.room_id, m.seq, m.rev, m.kind, m.author_id, m.body, m.event, m.reply_to, m.key,
       m.created_at, m.edited_at, m.deleted_at, m.pinned_at,
       case when m.flags <> 0 then json_object(
           'mentions', json(m.mentions),
           'names_room', json(iif(m.flags & 16, 'true', 'false')),
           'pinned_at', m.pinned_at,
           'files', iif(m.flags & 4, (
               select json_group_array(json_object('id', f.id, 'name', f.name, 'mime', f.mime, 'size', f.size,
                                                   'width', f.width, 'height', f.height,
                                                   'thumbnail', json(iif(f.thumbnail is null, 'false', 'true'))))
               from (select * from files where message_id = m.id and state = 'here' order by place) f), null),
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
