-- Every SQL statement about what a team learned, by name. Loaded by compass.storage.queries.

-- name: lock_investigations
-- Whoever forgets one of them, or what one of them was reminded of, waits until what it teaches is kept, or has ended
-- before. In order of their ids, as whoever forgets locks them.
select id from compass.investigation where team = %(team)s and id = any(%(ids)s::uuid[]) order by id for share

-- name: forgotten
-- Those whose opening was erased, of which nothing is learned again. A statement of its own behind the lock: one that
-- waited for it would look at what was there before.
select distinct e.investigation as id
from compass.event e join compass.payload y using (team, investigation, seq)
where e.team = %(team)s and e.investigation = any(%(ids)s::uuid[])
  and e.kind = 'investigation.opened' and y.erased_at is not null

-- name: unreminded
-- Those of which what they were reminded of was erased, as it named one that was forgotten. Behind the lock as well.
select distinct e.investigation as id
from compass.event e join compass.payload y using (team, investigation, seq)
where e.team = %(team)s and e.investigation = any(%(ids)s::uuid[])
  and e.kind = 'memory.recalled' and y.erased_at is not null

-- name: keep_incidents
-- What was derived from fewer events than what stands there, by a slower process, does not replace it. What this
-- database derived itself replaces an import and is never replaced by one: their events are counted elsewhere. Rows are
-- locked in one order, so that two writers cannot block each other.
insert into compass.past_incident as old (team, investigation, at, status, source, seq, data)
select %(team)s, t.* from unnest(
    %(investigations)s::uuid[], %(ats)s::timestamptz[], %(statuses)s::text[], %(sources)s::text[], %(seqs)s::bigint[],
    %(data)s::jsonb[]
) as t (investigation, at, status, source, seq, data)
order by t.investigation
on conflict (team, investigation) do update
set at = excluded.at, status = excluded.status, source = excluded.source, seq = excluded.seq, data = excluded.data
where case when (excluded.source = '') = (old.source = '') then excluded.seq >= old.seq else excluded.source = '' end
returning investigation as id

-- name: lock_incidents
select data::text as data from compass.past_incident
where team = %(team)s and investigation = any(%(ids)s::uuid[]) order by investigation for update

-- name: drop_imports
-- What this database derived itself stays: it may have become its own meanwhile. Locked in one order.
with gone as (
    select investigation from compass.past_incident
    where team = %(team)s and investigation = any(%(ids)s::uuid[]) and source <> '' order by investigation for update
)
delete from compass.past_incident p using gone where p.team = %(team)s and p.investigation = gone.investigation

-- name: drop_lessons
delete from compass.lesson where team = %(team)s and investigation = any(%(ids)s::uuid[])

-- name: drop_gaps
delete from compass.known_gap where team = %(team)s and investigation = any(%(ids)s::uuid[])

-- name: drop_judgements
delete from compass.judgement where team = %(team)s and investigation = any(%(ids)s::uuid[])

-- name: drop_vectors
delete from compass.past_vector where team = %(team)s and investigation = any(%(ids)s::uuid[])

-- name: keep_lessons
insert into compass.lesson (team, id, investigation, at, entity, undone, data)
select %(team)s, t.* from unnest(
    %(ids)s::text[], %(investigations)s::uuid[], %(ats)s::timestamptz[], %(entities)s::text[], %(undone)s::boolean[],
    %(data)s::jsonb[]
) as t (id, investigation, at, entity, undone, data)

-- name: keep_gaps
insert into compass.known_gap (team, investigation, position, at, data)
select %(team)s, t.* from unnest(
    %(investigations)s::uuid[], %(positions)s::int[], %(ats)s::timestamptz[], %(data)s::jsonb[]
) as t

-- name: keep_judgements
insert into compass.judgement (team, id, investigation, at, data)
select %(team)s, t.* from unnest(
    %(ids)s::text[], %(investigations)s::uuid[], %(ats)s::timestamptz[], %(data)s::jsonb[]
) as t (id, investigation, at, data)

-- name: keep_vectors
-- Only for words that still stand there: a vector that was made meanwhile for others would be wrong.
insert into compass.past_vector (team, investigation, embedder, version, dimensions, vector)
select %(team)s, t.investigation, %(embedder)s, %(version)s, cardinality(t.vector::real[]), t.vector::real[]
from unnest(%(investigations)s::uuid[], %(words)s::text[], %(vectors)s::text[]) as t (investigation, words, vector)
cross join lateral (  -- looked up one by one: any other join reads the words of every incident for each batch
    select coalesce(data -> 'signature' ->> 'words', '') as words from compass.past_incident
    where team = %(team)s and investigation = t.investigation offset 0
) p
where p.words = t.words
order by t.investigation
on conflict (team, investigation) do update
set embedder = excluded.embedder, version = excluded.version, dimensions = excluded.dimensions,
    vector = excluded.vector

-- name: behind
-- The events that an import was derived from are not those that are here.
select e.investigation as id
from compass.event e
join compass.payload y using (team, investigation, seq)
left join compass.past_incident p on p.team = e.team and p.investigation = e.investigation
where e.team = %(team)s and e.seq > coalesce(case when p.source = '' then p.seq end, 0) and y.erased_at is null
  and e.kind in
    ('investigation.ended', 'incident.resolved', 'incident.corrected', 'near_miss.noted', 'learning.undone',
     'pattern.judged')
group by e.investigation
order by e.investigation

-- name: incidents
select data::text as data from compass.past_incident
where team = %(team)s order by at desc, investigation limit %(limit)s

-- name: some_incidents
select data::text as data from compass.past_incident where team = %(team)s and investigation = any(%(ids)s::uuid[])

-- name: lessons
select data::text as data from compass.lesson where team = %(team)s and not undone order by at, id

-- name: lessons_about
select data::text as data from compass.lesson
where team = %(team)s and not undone and entity = any(%(entities)s::text[]) order by at, id

-- name: gaps
select data::text as data from compass.known_gap where team = %(team)s order by at, investigation, position

-- name: judgements
select data::text as data from compass.judgement where team = %(team)s order by at, id

-- name: taught
-- All that one investigation teaches, also what was undone.
select 'incident' as what, 0 as position, '' as id, data::text as data
from compass.past_incident where team = %(team)s and investigation = %(investigation)s
union all
select 'lesson', 0, id, data::text from compass.lesson where team = %(team)s and investigation = %(investigation)s
union all
select 'gap', position, '', data::text
from compass.known_gap where team = %(team)s and investigation = %(investigation)s
union all
select 'judgement', 0, id, data::text
from compass.judgement where team = %(team)s and investigation = %(investigation)s
order by what, position, id

-- name: count
select count(*) as number from compass.past_incident where team = %(team)s

-- name: forget
delete from compass.past_incident where team = %(team)s and investigation = %(investigation)s

-- name: vector_support
-- The version of pgvector, empty where the vectors are kept without it.
select coalesce((
    select x.extversion from pg_extension x
    where x.extname = 'vector' and exists (
        select from pg_attribute where attrelid = 'compass.past_vector'::regclass and attname = 'embedding')
), '') as version

-- name: vectors
-- How many there are, at most as many as it matters.
select count(*) as number from (
    select from compass.past_vector
    where team = %(team)s and embedder = %(embedder)s and version = %(version)s limit %(limit)s
) counted

-- name: without_vector
-- Those whose words no vector of this embedder stands for, latest first.
select p.data::text as data from compass.past_incident p
left join compass.past_vector v
  on v.team = p.team and v.investigation = p.investigation and v.embedder = %(embedder)s and v.version = %(version)s
where p.team = %(team)s and v.investigation is null and coalesce(p.data -> 'signature' ->> 'words', '') <> ''
order by p.at desc, p.investigation limit %(limit)s

-- name: count_without_vector
select count(*) as number from compass.past_incident p
left join compass.past_vector v
  on v.team = p.team and v.investigation = p.investigation and v.embedder = %(embedder)s and v.version = %(version)s
where p.team = %(team)s and v.investigation is null and coalesce(p.data -> 'signature' ->> 'words', '') <> ''

-- name: latest_vectors
-- For comparing without pgvector: as PostgreSQL sends arrays, which numpy reads without a Python object a number.
select v.investigation as id, array_send(v.vector) as vector
from (
    select team, investigation from compass.past_incident
    where team = %(team)s order by at desc, investigation limit %(limit)s
) latest
join compass.past_vector v using (team, investigation)
where v.embedder = %(embedder)s and v.version = %(version)s
