-- Who is bound to brands sees what their sources cost, and what the shared ones do.
alter table spend enable row level security;
create policy bounded on spend using (exists (select from source s where s.id = source_id));
