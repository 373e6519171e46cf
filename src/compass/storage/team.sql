-- Every SQL statement about a team's knowledge, by name. Loaded by compass.storage.queries.

-- name: latest
select version as number, at, applied_by as by, commit, digest, entries, restores from compass.team_knowledge
where team = %(team)s order by version desc limit 1

-- name: versions
select version as number, at, applied_by as by, commit, digest, entries, restores from compass.team_knowledge
where team = %(team)s order by version desc limit %(limit)s

-- name: read
select version as number, at, applied_by as by, commit, digest, entries, restores, data from compass.team_knowledge
where team = %(team)s and (%(version)s::integer is null or version = %(version)s::integer)
order by version desc limit 1

-- name: apply
-- Of two at once one finds the number taken: its statement waits for the other's transaction and then does nothing.
insert into compass.team_knowledge (team, version, applied_by, commit, digest, entries, restores, data)
select %(team)s, %(based_on)s::integer + 1, %(by)s, %(commit)s, %(digest)s, %(entries)s, %(restores)s, %(data)s
where %(based_on)s::integer = (
    select coalesce(max(version), 0) from compass.team_knowledge where team = %(team)s
)
on conflict (team, version) do nothing
returning version as number, at, applied_by as by, commit, digest, entries, restores
