-- Of messages in a row that had all changed before a message knew the rev it came with, 0009 gave each the same one.
-- Who looks for changes a stretch of messages at a time goes on from there, and would not come on. No two came with the
-- same, and what came later came with one that is larger by as many messages at least. Of a message that is as it came
-- this is its rev, of any other one that is no smaller than the one it came with.
update messages set first_rev = x.first_rev
from (select id, coalesce(first_rev, rev) as known,
             seq + min(coalesce(first_rev, rev) - seq) over (partition by room_id order by seq
                                                             rows between current row and unbounded following) as first_rev
      from messages where room_id in (select id from rooms where last_rev > last_seq)) x
where messages.id = x.id and x.first_rev < x.known;
