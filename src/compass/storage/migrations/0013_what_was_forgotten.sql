-- What was forgotten, and who was reminded of it, is asked with locks held: inside the append of what an investigation is
-- reminded of, and while another is forgotten. Few events of each tell it; without this every event of the team is read.
create index event_remembers on compass.event (team, kind, investigation, seq)
where kind in ('investigation.opened', 'memory.recalled');

-- Lessons by what an investigation was reminded of names.
create index lesson_named on compass.lesson (team, id);
