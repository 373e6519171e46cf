-- Calls that were sent and have no answer count as well: they are found as those that have one are.

create index event_model_sent on compass.event (recorded_at) where kind = 'model.sent';
