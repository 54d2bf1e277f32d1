-- An erasure keeps its name where its number does not: in a database that was restored from a backup of before.
alter table erasure add column key uuid not null unique default gen_random_uuid();
