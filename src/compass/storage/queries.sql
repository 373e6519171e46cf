-- Every SQL statement of the chronicle, by name. Loaded by compass.storage.queries.

-- name: schema_exists
select to_regnamespace('compass') is not null as found, to_regclass('compass.schema_migrations') is not null as ready

-- name: create_schema
create schema if not exists compass

-- name: create_schema_migrations
create table if not exists compass.schema_migrations (
    version    integer primary key,
    name       text not null,
    checksum   text not null,
    status     text not null check (status in ('applied', 'skipped')),
    detail     text not null default '',
    applied_at timestamptz not null default now()
)

-- name: lock_migrations
select pg_advisory_xact_lock(%(lock)s)

-- name: list_migrations
select version, name, checksum, status from compass.schema_migrations order by version

-- name: available_extensions
select name from pg_available_extensions where name = any(%(names)s)

-- name: record_migration
insert into compass.schema_migrations (version, name, checksum, status, detail)
values (%(version)s, %(name)s, %(checksum)s, %(status)s, %(detail)s)
on conflict (version) do update
set name = excluded.name, checksum = excluded.checksum, status = excluded.status, detail = excluded.detail,
    applied_at = now()

-- name: take_number
insert into compass.team (id, next_number) values (%(team)s, 2)
on conflict (id) do update set next_number = compass.team.next_number + 1
returning next_number - 1 as number

-- name: insert_investigation
insert into compass.investigation (team, id, number, title, status, head_digest, opened_at, last_event_at)
values (%(team)s, %(id)s, %(number)s, %(title)s, %(status)s, %(digest)s, clock_timestamp(), clock_timestamp())

-- name: investigation_exists
select id from compass.investigation where team = %(team)s and id = %(investigation)s

-- name: claim
update compass.investigation
set epoch = case when lease_runner = %(runner)s then epoch else epoch + 1 end,
    lease_runner = %(runner)s,
    lease_until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
where team = %(team)s and id = %(investigation)s
  and (lease_runner is null or lease_runner = %(runner)s or lease_until <= clock_timestamp())
returning epoch

-- name: holder
select coalesce(lease_runner, 'nobody') from compass.investigation where team = %(team)s and id = %(investigation)s

-- name: held
select coalesce(lease_runner is not null and lease_until > clock_timestamp(), false) as held
from compass.investigation where team = %(team)s and id = %(investigation)s

-- name: release
update compass.investigation
set lease_runner = nullif(lease_runner, %(runner)s),
    lease_until = case when lease_runner = %(runner)s then null else lease_until end
where team = %(team)s and id = %(investigation)s
returning id

-- name: lock_head
select next_seq, head_digest as digest, epoch, status, title,
       greatest(clock_timestamp(), last_event_at) as now
from compass.investigation where team = %(team)s and id = %(investigation)s
for update

-- name: lock_named
-- Whoever forgets one of them waits until what names them is kept, and finds it then; or has ended before.
select id from compass.investigation
where team = %(team)s and id <> %(investigation)s and (id = any(%(ids)s::uuid[]) or number = any(%(numbers)s::int[]))
order by id for share

-- name: named_forgotten
-- Behind the lock. By id, or by the number and the key that the id of a lesson is made of; not a lesson that stands, as
-- nothing does of what was forgotten: it was imported, then or since. What is named comes first, and all else is looked
-- up one by one (`offset 0`): the other way round every event of the team is read, with rows locked.
with named as materialized (
    select id as investigation, id::text as name from unnest(%(ids)s::uuid[]) as t (id)
    union
    select i.id, t.lesson from unnest(%(numbers)s::int[], %(keys)s::text[], %(lessons)s::text[]) as t (number, key, lesson)
    cross join lateral (
        select id from compass.investigation where team = %(team)s and number = t.number offset 0
    ) i
    cross join lateral (
        select from compass.event where team = %(team)s and investigation = i.id and key = t.key offset 0
    ) w
    where not exists (select from compass.lesson l where l.team = %(team)s and l.id = t.lesson)
)
select distinct n.name from named n
cross join lateral (
    select investigation, seq from compass.event
    where team = %(team)s and investigation = n.investigation and kind = 'investigation.opened' offset 0
) o
cross join lateral (
    select erased_at from compass.payload
    where team = %(team)s and investigation = o.investigation and seq = o.seq offset 0
) y
where y.erased_at is not null

-- name: head
select next_seq, head_digest as digest, epoch, status, title, clock_timestamp() as now
from compass.investigation where team = %(team)s and id = %(investigation)s

-- name: rows_by_key
-- Payloads are looked up one by one (`offset 0` forbids the planner any other join): without statistics, in a
-- new database, it would choose plans whose time grows with the square of the events.
select e.*, p.salt, p.data, p.erased_at
from compass.event e
cross join lateral (
    select salt, data, erased_at from compass.payload
    where team = e.team and investigation = e.investigation and seq = e.seq offset 0
) p
where e.team = %(team)s and e.investigation = %(investigation)s and e.key = any(%(keys)s)

-- name: rows_between
select e.*, p.salt, p.data, p.erased_at
from compass.event e
cross join lateral (
    select salt, data, erased_at from compass.payload
    where team = e.team and investigation = e.investigation and seq = e.seq offset 0
) p
where e.team = %(team)s and e.investigation = %(investigation)s and e.seq > %(after)s and e.seq <= %(until)s
order by e.seq

-- name: insert_rows
with new as (
    select * from unnest(
        %(seqs)s::bigint[], %(ids)s::uuid[], %(keys)s::text[], %(kinds)s::text[], %(versions)s::int[],
        %(actors)s::text[], %(causes)s::text[], %(payload_digests)s::bytea[], %(digests)s::bytea[],
        %(salts)s::bytea[], %(data)s::bytea[]
    ) as t (seq, id, key, kind, version, actor, cause, payload_digest, digest, salt, data)
), stored as (
    insert into compass.event (team, investigation, seq, id, epoch, key, kind, version, actor, cause,
                               occurred_at, recorded_at, payload_digest, digest)
    select %(team)s, %(investigation)s, seq, id, %(epoch)s, key, kind, version, actor, cause,
           %(occurred_at)s, %(recorded_at)s, payload_digest, digest
    from new
)
insert into compass.payload (team, investigation, seq, salt, data)
select %(team)s, %(investigation)s, seq, salt, data from new

-- name: move_head
update compass.investigation
set next_seq = %(next_seq)s, head_digest = %(digest)s, status = %(status)s, title = %(title)s,
    last_event_at = %(recorded_at)s
where team = %(team)s and id = %(investigation)s

-- name: wake
select pg_notify('compass_events', %(investigation)s)

-- name: listen
listen compass_events

-- name: list_investigations
select i.id, i.number, i.team, i.title, i.status, i.opened_at, i.last_event_at, i.next_seq - 1 as events,
       exists (select 1 from compass.event e
               where e.team = i.team and e.investigation = i.id and e.kind = 'model.lost') as model_lost
from compass.investigation i where i.team = %(team)s order by i.number desc limit %(limit)s

-- name: number_of
select number from compass.investigation where team = %(team)s and id = %(investigation)s

-- name: latest
select id from compass.investigation where team = %(team)s order by number desc limit 1

-- name: last_number
select coalesce(max(number), 0) as number from compass.investigation where team = %(team)s

-- name: by_number
select id from compass.investigation where team = %(team)s and number = %(number)s

-- name: by_prefix
select id from compass.investigation
where team = %(team)s and replace(id::text, '-', '') like %(prefix)s || '%%'
order by id limit 2

-- name: erase
update compass.payload set salt = null, data = null, erased_at = coalesce(erased_at, clock_timestamp())
where team = %(team)s and investigation = %(investigation)s and seq = %(seq)s
returning seq

-- name: spent
-- Payloads are kept as they were digested; what a call cost is read out of them, which the partial index keeps few.
-- A call that was sent and has no answer counts at what it costs at most: it is under way, or its process was killed.
with asked as (
    select e.team, e.investigation, convert_from(p.data, 'UTF8')::jsonb as said
    from compass.event e
    join compass.payload p using (team, investigation, seq)
    where e.kind = 'model.asked' and e.recorded_at >= %(since)s and p.data is not null
), sent as (
    select e.team, e.investigation, convert_from(p.data, 'UTF8')::jsonb as said
    from compass.event e
    join compass.payload p using (team, investigation, seq)
    where e.kind = 'model.sent' and e.recorded_at >= %(since)s and p.data is not null
), calls as (
    select team, (said -> 'call' ->> 'cost_usd')::float8 as usd
    from asked where not (said -> 'call' ->> 'reused')::boolean
    union all
    select team, (said -> 'call' ->> 'cost_usd')::float8
    from sent where not exists (
        select 1 from asked
        where asked.team = sent.team and asked.investigation = sent.investigation
          and asked.said ->> 'sent' = sent.said ->> 'id'
    )
)
select coalesce(sum(usd) filter (where team = %(team)s), 0)::float8 as team, coalesce(sum(usd), 0)::float8 as everybody,
       count(*) filter (where usd is null and team = %(team)s) as team_unpriced,
       count(*) filter (where usd is null) as everybody_unpriced
from calls

-- name: past_costs
select calls.investigation, calls.calls, calls.tokens, calls.usd,
       (select count(*) from compass.event o
        where o.team = %(team)s and o.investigation = calls.investigation and o.kind = 'observation.recorded'
       ) as observations
from (
    select investigation, count(*) as calls, max(recorded_at) as latest,
           sum((call -> 'usage' ->> 'input')::bigint + (call -> 'usage' ->> 'output')::bigint)::bigint as tokens,
           coalesce(sum((call ->> 'cost_usd')::float8), 0)::float8 as usd
    from (
        select e.investigation, e.recorded_at, convert_from(p.data, 'UTF8')::jsonb -> 'call' as call
        from compass.event e
        join compass.payload p using (team, investigation, seq)
        where e.team = %(team)s and e.kind = 'model.asked' and p.data is not null
    ) asked
    where not (call ->> 'reused')::boolean
    group by investigation
    order by latest desc, investigation
    limit %(limit)s
) calls
order by calls.latest desc, calls.investigation

-- name: find_reply
select reply, model, at from compass.model_reply where team = %(team)s and key = %(key)s

-- name: find_replies
select key, reply, model, at from compass.model_reply where team = %(team)s and key = any(%(keys)s)

-- name: keep_reply
insert into compass.model_reply (team, key, reply, model) values (%(team)s, %(key)s, %(reply)s, %(model)s)
on conflict (team, key) do nothing
