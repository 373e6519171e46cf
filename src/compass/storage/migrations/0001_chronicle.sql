-- The chronicle: investigations, their events, and the payloads of the events.
-- The team is in every key. Applied in one transaction; never edit this file once released.

create table compass.team (
    id          text primary key,
    next_number integer not null default 1 check (next_number >= 1),
    created_at  timestamptz not null default now()
);

-- One row an investigation. Its row lock orders the appends: next_seq is raised in the same transaction
-- that inserts the events, so a reader that tails them can never meet a gap.
create table compass.investigation (
    team          text not null references compass.team (id),
    id            uuid not null,
    number        integer not null check (number >= 1),
    title         text not null,
    status        text not null default 'running',
    next_seq      bigint not null default 1 check (next_seq >= 1),
    head_digest   bytea not null check (octet_length(head_digest) = 32),
    epoch         integer not null default 0 check (epoch >= 0),
    lease_runner  text,
    lease_until   timestamptz,
    opened_at     timestamptz not null,
    last_event_at timestamptz not null,
    primary key (team, id),
    unique (team, number)
);

create table compass.event (
    team           text not null,
    investigation  uuid not null,
    seq            bigint not null check (seq >= 1),
    id             uuid not null,
    epoch          integer,
    key            text not null,
    kind           text not null,
    version        integer not null,
    actor          text not null,
    cause          text,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    payload_digest bytea not null check (octet_length(payload_digest) = 32),
    digest         bytea not null check (octet_length(digest) = 32),
    primary key (team, investigation, seq),
    unique (team, investigation, key),
    foreign key (team, investigation) references compass.investigation (team, id)
);

-- Separate rows, so that erasing one leaves the event and its digest. `data` is the canonical JSON, in UTF-8,
-- byte for byte as it was digested (jsonb would not keep the bytes):
-- convert_from(data, 'UTF8')::jsonb reads it in SQL.
create table compass.payload (
    team          text not null,
    investigation uuid not null,
    seq           bigint not null,
    salt          bytea,
    data          bytea,
    erased_at     timestamptz,
    primary key (team, investigation, seq),
    foreign key (team, investigation, seq) references compass.event (team, investigation, seq),
    check ((salt is null) = (erased_at is not null)),
    check ((data is null) = (erased_at is not null))
);

create function compass.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the chronicle is append-only: % on % is refused', lower(tg_op), tg_table_name;
end
$$;

create trigger event_is_append_only before update or delete on compass.event
    for each row execute function compass.refuse_change();
create trigger event_is_never_truncated before truncate on compass.event
    for each statement execute function compass.refuse_change();
