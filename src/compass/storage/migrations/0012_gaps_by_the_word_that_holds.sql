-- What could not be seen hid a cause by the word that holds alone: where people said more than one, it is derived once
-- more, a few with each command, where all that it came from is still there.
update compass.past_incident p set seq = 0
where source = ''
  and exists (
    select from compass.known_gap g
    where g.team = p.team and g.investigation = p.investigation and g.data ->> 'hid_cause' = 'true'
  )
  and 1 < (
    select count(*) from compass.event e
    where e.team = p.team and e.investigation = p.investigation
      and e.kind in ('incident.resolved', 'incident.corrected', 'near_miss.noted', 'learning.undone')
  )
  and not exists (
    select from compass.payload y
    where y.team = p.team and y.investigation = p.investigation and y.erased_at is not null
  );
