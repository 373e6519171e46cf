-- What a team learned from its incidents. All of it is derived from chronicles, or came by import: rows may be deleted,
-- and those of this database's own investigations are made again from their events. `data` is the JSON of the row's
-- value as compass.storage.knowledge_rows writes it; the columns beside it are what statements search by.

create table compass.past_incident (
    team          text not null,
    investigation uuid not null,
    at            timestamptz not null,
    status        text not null,
    source        text not null default '',
    seq           bigint not null default 0 check (seq >= 0),
    data          jsonb not null,
    primary key (team, investigation)
);

create index past_incident_latest on compass.past_incident (team, at desc, investigation);

create table compass.lesson (
    team          text not null,
    id            text not null,
    investigation uuid not null,
    at            timestamptz not null,
    entity        text not null,
    undone        boolean not null default false,
    data          jsonb not null,
    primary key (team, investigation, id),
    foreign key (team, investigation) references compass.past_incident (team, investigation) on delete cascade
);

create index lesson_about on compass.lesson (team, entity) where not undone;

create table compass.known_gap (
    team          text not null,
    investigation uuid not null,
    position      integer not null,
    at            timestamptz not null,
    data          jsonb not null,
    primary key (team, investigation, position),
    foreign key (team, investigation) references compass.past_incident (team, investigation) on delete cascade
);

-- What an incident's words look like to an embedder. Vectors of another embedder or version are never compared.
create table compass.past_vector (
    team          text not null,
    investigation uuid not null,
    embedder      text not null,
    version       text not null,
    dimensions    integer not null,
    vector        real[] not null check (array_length(vector, 1) = dimensions),
    primary key (team, investigation),
    foreign key (team, investigation) references compass.past_incident (team, investigation) on delete cascade
);

create index past_vector_of on compass.past_vector (team, embedder, version);

-- The few events after which an investigation has something to teach.
create index event_teaches on compass.event (team, investigation, seq) where kind in
    ('investigation.ended', 'incident.resolved', 'incident.corrected', 'near_miss.noted', 'learning.undone');
