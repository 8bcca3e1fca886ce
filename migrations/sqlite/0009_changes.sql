-- What has changed in a room since a rev was found by an index of all messages. Of a message that has not
-- changed since it came, that index knew nothing that `seq` does not say, for both grow together: so it
-- is now of the changed ones alone, and a message that comes costs the index nothing.

-- The rev that a message came with, where it has another by now.
alter table messages add column first_rev integer;

-- What came later cannot have come with a lower rev. Of a message that changed while nothing came
-- behind it, the rev may stay the one it came with: they grow together all the same.
update messages set first_rev = x.first_rev
from (select id, rev,
             min(rev) over (partition by room_id order by seq
                            rows between current row and unbounded following) as first_rev
      from messages where room_id in (select id from rooms where last_rev > last_seq)) x
where messages.id = x.id and x.first_rev < x.rev;

drop index messages_by_rev;
create unique index messages_changed on messages (room_id, rev) where first_rev is not null;
