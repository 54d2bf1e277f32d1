-- When each host may next be asked, agreed on by all workers.
create table host_pace (
    host text primary key,
    free_at timestamptz not null,
    -- the host asked to be left alone until then
    resting_until timestamptz
);

-- Reserves the next turn at a host. `wait`: until it begins; `rest`: until the host will be asked at all again. Nothing
-- is reserved where the wait would be longer than patience, or the host rests.
create function take_turn(asked text, at timestamptz, spacing interval, patience interval,
    out wait interval, out rest interval)
language plpgsql as $$
declare
    known host_pace;
begin
    insert into host_pace (host, free_at) values (asked, at) on conflict (host) do nothing;
    select * into known from host_pace where host = asked for update;
    wait := greatest(known.free_at - at, interval '0');
    rest := greatest(coalesce(known.resting_until, at) - at, interval '0');
    if rest = interval '0' and wait <= patience then
        update host_pace set free_at = at + wait + spacing where host = asked;
    end if;
end $$;
