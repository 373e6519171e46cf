-- What a language model said to a question that comes again (what a log template means): read once, kept for ever.
-- Redacted before it is kept; deleting rows only makes COMPASS ask again.

create table compass.model_reply (
    team  text not null,
    key   text not null,
    reply text not null,
    model text not null,
    at    timestamptz not null default clock_timestamp(),
    primary key (team, key)
);
