-- How far the index of a search has come. What is indexed itself is in tables that the program makes
-- and remakes (src/store/sqlite/search/), for they hold nothing that is not in messages.

-- The shape of the index that was built last: what a version builds otherwise, it builds anew.
create table search_shape (
    version integer not null
) strict;

-- The rev up to which a room's messages are in the index. No row: nothing yet.
create table search_progress (
    room_id integer primary key references rooms (id) on delete cascade,
    rev     integer not null
) strict;

-- When the indexed messages of a span of 4,096 ids were made: a search between two dates looks only
-- at the ids of the spans that reach into it. Clocks are set back at times, so that ids alone are no
-- order of time.
create table search_spans (
    span     integer primary key,
    first_at integer not null,
    last_at  integer not null
) strict;
