-- Every SQL statement about a team's documents, by name. Loaded by compass.storage.queries.

-- name: drop_documents
delete from compass.document where team = %(team)s and name = any(%(names)s::text[])

-- name: keep_documents
-- Rows are locked in one order, so that two writers cannot block each other; what one inserts below stands for both.
insert into compass.document as old (team, name, services, mechanisms, data)
select %(team)s, d ->> 'name', array(select jsonb_array_elements_text(d -> 'scope' -> 'services')),
       array(select jsonb_array_elements_text(d -> 'scope' -> 'mechanisms')), d
from unnest(%(data)s::jsonb[]) as d
order by d ->> 'name'
on conflict (team, name) do update
set services = excluded.services, mechanisms = excluded.mechanisms, data = excluded.data, added_at = clock_timestamp()

-- name: restate_documents
update compass.document
set data = d, services = array(select jsonb_array_elements_text(d -> 'scope' -> 'services')),
    mechanisms = array(select jsonb_array_elements_text(d -> 'scope' -> 'mechanisms'))
from unnest(%(data)s::jsonb[]) as d
where team = %(team)s and name = d ->> 'name' and data ->> 'digest' = d ->> 'digest'

-- name: drop_passages
delete from compass.passage where team = %(team)s and document = any(%(names)s::text[])

-- name: keep_passages
insert into compass.passage (team, document, position, heading, first_line, last_line, text, strong, weak)
select %(team)s, t.document, t.position, array(select jsonb_array_elements_text(t.heading)), t.first_line, t.last_line,
       t.text, t.strong, t.weak
from unnest(
    %(documents)s::text[], %(positions)s::int[], %(headings)s::jsonb[], %(firsts)s::int[], %(lasts)s::int[],
    %(texts)s::text[], %(strongs)s::text[], %(weaks)s::text[]
) as t (document, position, heading, first_line, last_line, text, strong, weak)

-- name: kept
select d.data::text as data, d.added_at, count(p.position) as passages, count(v.position) as embedded
from compass.document d
left join compass.passage p on p.team = d.team and p.document = d.name
left join compass.passage_vector v
  on v.team = p.team and v.document = p.document and v.position = p.position
 and v.embedder = %(embedder)s and v.version = %(version)s
where d.team = %(team)s group by d.team, d.name order by d.name collate "C"

-- name: count
select count(*) as number from compass.passage where team = %(team)s

-- name: by_words
-- A word that few passages hold weighs more (inverse document frequency, Spaerck Jones 1972). One that none holds weighs
-- as little as one that all hold: the team may call it otherwise, and yet it was looked for and not found.
with wanted as (
    select w.word, quote_literal(w.word)::tsquery as anywhere, (quote_literal(w.word) || ':A')::tsquery as strong
    from unnest(%(words)s::text[]) as w (word)
), hit as (
    select p.document, p.position, w.word, p.words @@ w.strong as strong
    from wanted w join compass.passage p on p.team = %(team)s and p.words @@ w.anywhere
), rare as (
    select w.word, case when count(h.word) = 0 then ln(2::float8) else ln(1 + n.number::float8 / count(h.word)) end as weight
    from wanted w
    cross join (select count(*) as number from compass.passage where team = %(team)s) n
    left join hit h on h.word = w.word
    group by w.word, n.number
)
select h.document, h.position,
       sum(r.weight * case when h.strong then 1 else %(told)s::float8 end) / (select sum(weight) from rare) as value
from hit h join rare r on r.word = h.word
join compass.document d on d.team = %(team)s and d.name = h.document
where (%(services)s::text[] is null or d.services = '{}' or d.services && %(services)s::text[])
group by h.document, h.position
order by value desc, h.document collate "C", h.position limit %(limit)s

-- name: tagged
select p.document, p.position, 1::float8 as value
from compass.document d join compass.passage p on p.team = d.team and p.document = d.name
where d.team = %(team)s and d.mechanisms && %(mechanisms)s::text[]
  and (%(services)s::text[] is null or d.services = '{}' or d.services && %(services)s::text[])
order by p.document collate "C", p.position limit %(limit)s

-- name: by_pgvector
select v.document, v.position, 1 - (v.vector::vector <=> %(vector)s::vector) as value
from compass.passage_vector v join compass.document d on d.team = v.team and d.name = v.document
where v.team = %(team)s and v.embedder = %(embedder)s and v.version = %(version)s and v.dimensions = %(dimensions)s
  and (%(services)s::text[] is null or d.services = '{}' or d.services && %(services)s::text[])
order by v.vector::vector <=> %(vector)s::vector, v.document collate "C", v.position limit %(limit)s

-- name: vectors
-- For comparing without pgvector: as PostgreSQL sends arrays, which numpy reads without a Python object a number.
select v.document, v.position, array_send(v.vector) as vector
from compass.passage_vector v join compass.document d on d.team = v.team and d.name = v.document
where v.team = %(team)s and v.embedder = %(embedder)s and v.version = %(version)s
  and (%(services)s::text[] is null or d.services = '{}' or d.services && %(services)s::text[])
order by v.document collate "C", v.position limit %(limit)s

-- name: some_passages
select d.data::text as data, p.document, p.position, p.heading, p.first_line, p.last_line, p.text
from unnest(%(documents)s::text[], %(positions)s::int[]) as t (document, position)
join compass.passage p on p.team = %(team)s and p.document = t.document and p.position = t.position
join compass.document d on d.team = p.team and d.name = p.document

-- name: without_vector
select d.data::text as data, p.document, p.position, p.heading, p.first_line, p.last_line, p.text
from compass.passage p join compass.document d on d.team = p.team and d.name = p.document
left join compass.passage_vector v
  on v.team = p.team and v.document = p.document and v.position = p.position
 and v.embedder = %(embedder)s and v.version = %(version)s
where p.team = %(team)s and v.position is null
order by p.document collate "C", p.position limit %(limit)s

-- name: count_without_vector
select count(*) as number
from compass.passage p
left join compass.passage_vector v
  on v.team = p.team and v.document = p.document and v.position = p.position
 and v.embedder = %(embedder)s and v.version = %(version)s
where p.team = %(team)s and v.position is null

-- name: keep_vectors
-- Only for texts that still stand there: a vector that was made meanwhile for another would be wrong.
insert into compass.passage_vector (team, document, position, embedder, version, dimensions, vector)
select %(team)s, t.document, t.position, %(embedder)s, %(version)s, cardinality(t.vector::real[]), t.vector::real[]
from unnest(%(documents)s::text[], %(positions)s::int[], %(texts)s::text[], %(vectors)s::text[])
  as t (document, position, text, vector)
join compass.passage p on p.team = %(team)s and p.document = t.document and p.position = t.position and p.text = t.text
order by t.document collate "C", t.position
on conflict (team, document, position) do update
set embedder = excluded.embedder, version = excluded.version, dimensions = excluded.dimensions, vector = excluded.vector

-- name: vector_support
select exists (select from pg_extension where extname = 'vector')::int::bigint as number
