-- What models cost is asked before every investigation: the few events that say it are found without reading the rest.

create index event_model_asked on compass.event (recorded_at) where kind = 'model.asked';
