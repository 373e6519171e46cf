-- requires-extension: vector
-- Similarity search over patterns and documents. Where the server has no pgvector this is recorded as
-- skipped and tried again when COMPASS next connects.

create extension if not exists vector;
