-- Rights beyond one room, what was done with rights, and what of it must outlive a membership.

-- A server admin. The first account of a server is one; of a server that is older than this it is
-- the oldest account.
alter table users add column admin integer not null default 0 check (admin in (0, 1));
update users set admin = 1 where id = (select min(id) from users);

-- Seconds that a plain member waits between two messages; 0 is no wait.
alter table rooms add column slow_mode_s integer not null default 0;
-- In a locked room only moderators write.
alter table rooms add column locked integer not null default 0 check (locked in (0, 1));

-- Who must not come in by whatever way. Not part of the membership, which ends with the ban.
create table bans (
    room_id    integer not null references rooms (id) on delete cascade,
    user_id    integer not null references users (id) on delete cascade,
    banned_by  integer not null references users (id),
    created_at integer not null,
    primary key (room_id, user_id)
) strict, without rowid;

-- What keeps a member from writing for a time. Not part of the membership: leaving and coming back
-- must not lift it. Most members have no row.
create table restraints (
    room_id     integer not null references rooms (id) on delete cascade,
    user_id     integer not null references users (id) on delete cascade,
    muted_until integer not null default 0,
    -- When they last wrote under slow mode.
    said_at     integer not null default 0,
    primary key (room_id, user_id)
) strict, without rowid;

-- Whoever was ever in a room has a system message there that says so. By it a moderator can ban
-- somebody who is out already, and nobody learns whether an account exists that they never met.
create index messages_of_system on messages (room_id, author_id) where kind = 'system';

-- No reference to rooms: a report is not disposed of by deleting its room.
create table reports (
    id          integer primary key autoincrement,
    room_id     integer not null,
    seq         integer not null,
    reporter_id integer not null references users (id) on delete cascade,
    reason      text    not null,
    created_at  integer not null
) strict;

create unique index reports_once on reports (room_id, seq, reporter_id);

-- Who did what to whom, when and from where; never what anybody said. It refers to nothing, for it
-- outlives whatever it names.
create table audit (
    id             integer primary key autoincrement,
    at             integer not null,
    actor_id       integer not null,
    action         text    not null,
    room_id        integer,
    target_user_id integer,
    seq            integer,
    -- Absent for what the server does by itself.
    address        text,
    -- What the columns do not say: the seconds of a mute, the new role.
    detail         text
) strict;

create trigger audit_keeps_what_it_says before update on audit
begin
    select raise(abort, 'the audit log only grows');
end;

create trigger audit_keeps_every_entry before delete on audit
begin
    select raise(abort, 'the audit log only grows');
end;

-- "insert or replace" deletes without a word to the trigger above.
create trigger audit_replaces_no_entry before insert on audit
when exists (select 1 from audit where id = new.id)
begin
    select raise(abort, 'the audit log only grows');
end;
