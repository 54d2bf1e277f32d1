-- What was paid for is seen with the source it was paid for.
alter table spend enable row level security;
create policy bounded on spend using (exists (select from source s where s.id = source_id));
