-- Months of the time series: made ahead by a daily job, dropped whole when they are old.

-- Makes the partitions of `parent` for the month of `at` and `ahead` more. What already lies in the default partition
-- for such a month stays there: the month is skipped rather than anything moved.
create function ensure_months(parent text, at timestamptz, ahead integer) returns void
language plpgsql as $$
declare
    first date;
    name text;
    taken boolean;
begin
    for n in 0..ahead loop
        first := (date_trunc('month', at at time zone 'UTC') + make_interval(months => n))::date;
        name := parent || '_' || to_char(first, 'YYYYMM');
        if to_regclass(name) is null then
            execute format('select exists (select 1 from %I where "timestamp" >= %L and "timestamp" < %L)',
                parent || '_default', first || ' UTC', (first + interval '1 month')::date || ' UTC') into taken;
            if not taken then
                execute format('create table %I partition of %I for values from (%L) to (%L)',
                    name, parent, first || ' UTC', (first + interval '1 month')::date || ' UTC');
            end if;
        end if;
    end loop;
end
$$;

-- Drops the partitions of `parent` whose month ended before `before`.
create function drop_months(parent text, before timestamptz) returns integer
language plpgsql as $$
declare
    month record;
    dropped integer := 0;
begin
    for month in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = parent::regclass and c.relname ~ ('^' || parent || '_[0-9]{6}$')
          and (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') at time zone 'UTC' <= before
    loop
        execute format('drop table %I', month.relname);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;

select ensure_months('acl_verification_logs', now(), 3);
