-- Ordinary unique indexes over all messages again: the database enforces that a rev and a key are used once.

-- Of several messages with one key, the first keeps it. The window sorts in a temporary file.
update messages set key = null
where id in (
    select id from (
        select id, row_number() over (partition by room_id, author_id, key order by seq) as use
        from messages where key is not null)
    where use > 1);

drop index messages_changed;
create unique index messages_by_rev on messages (room_id, rev);
create unique index messages_by_key on messages (room_id, author_id, key) where key is not null;

drop table message_keys;
drop table keys_kept;
