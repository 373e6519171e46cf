-- The shop's tables. The functions spend most of their time in pg_sleep: that stands for
-- waiting on storage and remote tables, takes realistic time and costs no processor.
CREATE TABLE products (sku text PRIMARY KEY, price numeric NOT NULL, stock integer NOT NULL);
CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    customer text NOT NULL,
    total numeric NOT NULL,
    booked boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    receipt text NOT NULL DEFAULT ''
);
ALTER TABLE orders ALTER COLUMN receipt SET STORAGE MAIN;
CREATE TABLE order_lines (order_id bigint NOT NULL, sku text NOT NULL, quantity integer NOT NULL);

INSERT INTO products
SELECT 'sku-' || lpad(n::text, 3, '0'), round((4 + random() * 176)::numeric, 2), 1000000 FROM generate_series(0, 399) AS n;
INSERT INTO orders (customer, total, booked)
SELECT 'c-' || (n % 900), round((10 + random() * 150)::numeric, 2), true FROM generate_series(1, 30000) AS n;
INSERT INTO order_lines SELECT id, 'sku-' || lpad((id % 400)::text, 3, '0'), 1 FROM orders;
CREATE INDEX orders_customer ON orders (customer);
CREATE INDEX order_lines_order ON order_lines (order_id);

CREATE FUNCTION reserve_stock(wanted text[]) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    amount numeric;
BEGIN
    PERFORM pg_sleep(0.13 + random() * 0.06);
    UPDATE products SET stock = stock - 1 WHERE sku = ANY (wanted);
    SELECT sum(price) INTO amount FROM products WHERE sku = ANY (wanted);
    RETURN amount;
END $$;

CREATE FUNCTION book_order(identity bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.13 + random() * 0.06);
    UPDATE orders SET booked = true WHERE id = identity;
    RETURN true;
END $$;

-- Reads take 4 ms a block, for the blocks that the plan really reads: what the plan is decides how long it takes.
CREATE FUNCTION wait_for_blocks(query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' || query INTO plan;
    PERFORM pg_sleep(0.004 * ((plan->0->'Plan'->>'Shared Hit Blocks')::int
                               + (plan->0->'Plan'->>'Shared Read Blocks')::int));
END $$;

CREATE FUNCTION customer_summary(who text, OUT n bigint, OUT spent numeric) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wait_for_blocks(format('SELECT count(*), sum(total) FROM orders WHERE customer = %L AND booked', who));
    SELECT count(*), coalesce(sum(total), 0) INTO n, spent FROM orders WHERE customer = who AND booked;
END $$;

CREATE FUNCTION latest_orders(who text, most integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT array_agg(id) FROM (SELECT id FROM orders WHERE customer = who ORDER BY id DESC LIMIT most) AS found);
END $$;

CREATE FUNCTION order_items(identity bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.025 + random() * 0.02);
    RETURN (SELECT count(*) FROM order_lines WHERE order_id = identity);
END $$;
ANALYZE;
