-- What people said of patterns (compass patterns validate, reject, prune): derived from chronicles like all that is learned.

create table compass.judgement (
    team          text not null,
    id            text not null,
    investigation uuid not null,
    at            timestamptz not null,
    data          jsonb not null,
    primary key (team, investigation, id),
    foreign key (team, investigation) references compass.past_incident (team, investigation) on delete cascade
);

-- Such a word is one more event after which an investigation has something to teach.
drop index compass.event_teaches;
create index event_teaches on compass.event (team, investigation, seq) where kind in
    ('investigation.ended', 'incident.resolved', 'incident.corrected', 'near_miss.noted', 'learning.undone',
     'pattern.judged');

-- Which patterns an investigation was reminded of is derived from now on: what was learned here is derived once more, a
-- few with each command, where all that it came from is still there.
update compass.past_incident p set seq = 0
where source = '' and not exists (
    select from compass.payload y
    where y.team = p.team and y.investigation = p.investigation and y.erased_at is not null
);
