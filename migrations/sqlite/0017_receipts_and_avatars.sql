-- Counts the forced moves of a receipt ("Mark as unread from here"). A receipt that a client sends by itself and
-- that knows an older count was on its way before the forced move, and must not undo it.
alter table memberships add column read_generation integer not null default 0;
