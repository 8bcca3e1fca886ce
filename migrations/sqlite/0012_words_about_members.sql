-- The last word about somebody who is out of a room is found from its end, past what the room says about
-- others, however many people have written or changed something since.
create index messages_of_system_by_seq on messages (room_id, seq) where kind = 'system';
