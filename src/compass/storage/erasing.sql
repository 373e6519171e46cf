-- Every SQL statement that erases, by name. Loaded by compass.storage.queries.

-- name: lock_for_erasing
-- In order of their ids, as whoever learns locks those that it learns from. Not as whoever appends, who holds his own
-- row before those that he names: where that blocks both, the database ends one of them and it is done again.
select id, number, coalesce(lease_until > clock_timestamp(), false) as held from compass.investigation
where team = %(team)s and id = any(%(ids)s::uuid[]) order by id for update

-- name: reminded
-- Those that were reminded of this one, by name or as a count.
select distinct e.investigation as id from compass.event e join compass.payload p using (team, investigation, seq)
where e.team = %(team)s and e.kind = 'memory.recalled' and e.investigation <> %(investigation)s
  and exists (select from unnest(%(names)s::bytea[]) n where position(n in p.data) > 0)

-- name: take_leases
-- Of those that were reminded of it, whose leases ran out: a runner that is alive after all is refused what it has made
-- of what it read before, and begins with what is there now when it takes the lease again.
update compass.investigation set epoch = epoch + 1, lease_runner = null, lease_until = null
where team = %(team)s and id = any(%(reminded)s::uuid[]) and lease_runner is not null

-- name: erase_kinds
with erased as (
    update compass.payload p set salt = null, data = null, erased_at = clock_timestamp()
    from compass.event e
    where e.team = %(team)s and e.investigation = %(investigation)s
      and (%(kinds)s::text[] is null or e.kind = any(%(kinds)s::text[]))
      and p.team = e.team and p.investigation = e.investigation and p.seq = e.seq and p.erased_at is null
    returning 1
)
select count(*) as number from erased

-- name: forget_replies
-- Before the payloads go: the replies are found by the calls that brought them.
delete from compass.model_reply where team = %(team)s and key in (
    select convert_from(p.data, 'UTF8')::jsonb -> 'call' ->> 'id'
    from compass.event e join compass.payload p using (team, investigation, seq)
    where e.team = %(team)s and e.investigation = %(investigation)s and e.kind = 'model.asked' and p.data is not null
)

-- name: spoken
-- The words by which later incidents were told of this one.
select p.data from compass.event e join compass.payload p using (team, investigation, seq)
where e.team = %(team)s and e.investigation = %(investigation)s and e.kind = any(%(kinds)s::text[]) and p.data is not null

-- name: names
-- What the ids of its lessons are made of.
select i.number, coalesce(array_agg(e.key) filter (where e.key is not null), '{}') as keys
from compass.investigation i
left join compass.event e on e.team = i.team and e.investigation = i.id and e.kind = any(%(kinds)s::text[])
where i.team = %(team)s and i.id = %(investigation)s group by i.number

-- name: quoting
-- What people or models were shown in an investigation that was reminded of this one, and that quotes its words; not
-- words that its own opening holds as well.
select e.investigation, e.seq from compass.event e join compass.payload p using (team, investigation, seq)
where e.team = %(team)s and e.kind = any(%(kinds)s::text[]) and p.data is not null
  and e.investigation = any(%(reminded)s::uuid[]) and exists (
    select from unnest(%(shown)s::bytea[], %(own)s::bytea[]) q (shown, own) where position(q.shown in p.data) > 0
    and not exists (
        select from compass.event o join compass.payload y using (team, investigation, seq)
        where o.team = %(team)s and o.investigation = e.investigation and o.kind = 'investigation.opened'
          and position(q.own in y.data) > 0
    )
)

-- name: forget_quoting_replies
delete from compass.model_reply where team = %(team)s and key in (
    select convert_from(p.data, 'UTF8')::jsonb -> 'call' ->> 'id'
    from compass.event e join compass.payload p using (team, investigation, seq)
    join unnest(%(investigations)s::uuid[], %(seqs)s::bigint[]) as t (investigation, seq) using (investigation, seq)
    where e.team = %(team)s and e.kind = 'model.asked' and p.data is not null
)

-- name: forget_quoting
update compass.payload p set salt = null, data = null, erased_at = clock_timestamp()
from unnest(%(investigations)s::uuid[], %(seqs)s::bigint[]) as t (investigation, seq)
where p.team = %(team)s and p.investigation = t.investigation and p.seq = t.seq

-- name: forget_reminded
-- Which patterns they were reminded of names what they were reminded by.
update compass.past_incident p set data = jsonb_set(p.data, '{recalled}', '[]')
where p.team = %(team)s and p.investigation = any(%(reminded)s::uuid[])

-- name: forget_recalled
update compass.payload p set salt = null, data = null, erased_at = clock_timestamp()
from compass.event e
where e.team = %(team)s and e.kind = 'memory.recalled' and e.investigation = any(%(reminded)s::uuid[])
  and p.team = e.team and p.investigation = e.investigation and p.seq = e.seq
  and exists (select from unnest(%(names)s::bytea[]) n where position(n in p.data) > 0)

-- name: forget_taught
delete from compass.past_incident where team = %(team)s and investigation = %(investigation)s

-- name: blank
update compass.investigation
set title = %(title)s, lease_runner = null, lease_until = null,
    status = case when status = 'running' then 'stopped' else status end
where team = %(team)s and id = %(investigation)s

-- name: erasable
select i.id as investigation, i.number, i.title, i.last_event_at, held.payloads, held.bytes
from compass.investigation i
cross join lateral (
    select count(*) as payloads, coalesce(sum(octet_length(p.data)), 0)::bigint as bytes
    from compass.event e join compass.payload p using (team, investigation, seq)
    where e.team = i.team and e.investigation = i.id and p.data is not null
      and (%(kinds)s::text[] is null or e.kind = any(%(kinds)s::text[]))
) held
where i.team = %(team)s and i.last_event_at < %(before)s and held.payloads > 0
  and (i.status <> 'running' or coalesce(i.lease_until, '-infinity') <= clock_timestamp())  -- its runner died
order by i.last_event_at, i.id
