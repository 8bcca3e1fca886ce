-- Which message went with a key. An index of messages would take a page for each message of a room; here
-- they come by the hundred and in order, some time behind their messages. What is not here yet the writer
-- has in memory.
create table message_keys (
    -- No reference: a room may be large, and its keys go with its messages, slice by slice.
    room_id   integer not null,
    author_id integer not null,
    key       text    not null,
    seq       integer not null,
    primary key (room_id, author_id, key)
) strict, without rowid;

insert into message_keys
select room_id, author_id, key, seq from messages where key is not null
order by room_id, author_id, key;

drop index messages_by_key;

-- Up to which id the keys of messages are here: one row.
-- That it takes no null is how a batch of messages fails of which one has a key that is here already.
create table keys_kept (
    message_id integer not null
) strict;

insert into keys_kept select coalesce(max(id), 0) from messages;
