-- What a team applied of its own knowledge (`compass knowledge apply`): a row is a version, and the latest holds.
-- `data` is the JSON of the whole as compass.storage.team_rows writes it, byte for byte; rows are never changed.

create table compass.team_knowledge (
    team       text not null,
    version    integer not null check (version >= 1),
    at         timestamptz not null default clock_timestamp(),
    applied_by text not null,
    commit     text not null,
    digest     text not null,
    entries    integer not null check (entries >= 0),
    restores   integer check (restores >= 1 and restores < version),
    data       text not null,
    primary key (team, version)
);
