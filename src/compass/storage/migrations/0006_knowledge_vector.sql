-- requires-extension: vector
-- The same vectors as pgvector compares them, made by the database. Both are kept in the row or beside it whole:
-- floats do not compress.

alter table compass.past_vector alter column vector set storage external;
alter table compass.past_vector add column embedding vector generated always as (vector::vector) stored;
alter table compass.past_vector alter column embedding set storage main;
