-- What a team wrote about its systems (runbooks, architecture notes), in passages. All of it comes from files that are
-- reviewed elsewhere: rows may be deleted and are made again from these. `data` is the JSON of a document's head as
-- compass.storage.knowledge_rows writes it. `strong` and `weak` are stems (compass.analysis.stems): of what a passage is
-- about (title, headings), and of its text and scope, so that the twin in memory finds by the very same words.

create table compass.document (
    team       text not null,
    name       text not null,
    services   text[] not null default '{}',
    mechanisms text[] not null default '{}',
    added_at   timestamptz not null default clock_timestamp(),
    data       jsonb not null,
    primary key (team, name)
);

create table compass.passage (
    team       text not null,
    document   text not null,
    position   integer not null,
    heading    text[] not null,
    first_line integer not null,
    last_line  integer not null,
    text       text not null,
    strong     text not null,
    weak       text not null,
    words      tsvector not null generated always as (
        setweight(to_tsvector('simple'::regconfig, strong), 'A') || setweight(to_tsvector('simple'::regconfig, weak), 'D')
    ) stored,
    primary key (team, document, position),
    foreign key (team, document) references compass.document (team, name) on delete cascade
);

create index passage_words on compass.passage using gin (words);

-- What a passage looks like to an embedder. Vectors of another embedder or version are never compared. There is no
-- index: with pgvector every vector is compared by the database, and without it here.
create table compass.passage_vector (
    team       text not null,
    document   text not null,
    position   integer not null,
    embedder   text not null,
    version    text not null,
    dimensions integer not null,
    vector     real[] not null check (array_length(vector, 1) = dimensions),
    primary key (team, document, position),
    foreign key (team, document, position) references compass.passage (team, document, position) on delete cascade
);
