-- Which history this database holds. Clients that know the numbers of another one, from before a backup was restored,
-- learn by it that theirs mean nothing here. One row.
create table epoch (
    id text not null
) strict;

insert into epoch values (lower(hex(randomblob(16))));
