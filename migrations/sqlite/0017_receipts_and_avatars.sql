-- Counts the forced moves of a receipt ("Mark as unread from here"). A receipt that a client sends by itself and
-- that knows an older count was on its way before the forced move, and must not undo it.
alter table memberships add column read_generation integer not null default 0;

-- Names the present picture of a user, so that its address can be cached for ever. Null for those who have none. It
-- is made of the picture's bytes; pictures from before this column get any number.
alter table users add column avatar integer;
update users set avatar = random() where id in (select user_id from avatars);

-- Quotes name the picture of their author.
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
                                                        'display_name', u.display_name, 'avatar', u.avatar))
               from messages q join users u on u.id = q.author_id
               where q.room_id = m.room_id and q.seq = m.reply_to), null)
       ) end as extras
from messages m;
