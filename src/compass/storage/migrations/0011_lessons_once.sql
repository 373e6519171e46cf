-- One incident counts once, by the word that holds, whatever else was said of it: what was learned here before that is
-- derived once more, a few with each command, where all that it came from is still there.
update compass.past_incident p set seq = 0
where source = '' and not exists (
    select from compass.payload y
    where y.team = p.team and y.investigation = p.investigation and y.erased_at is not null
);
