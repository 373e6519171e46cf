-- The shop's tables. The functions spend most of their time in pg_sleep: that stands for
-- waiting on storage and remote tables, takes realistic time and costs no processor.
CREATE TABLE products (sku text PRIMARY KEY, price numeric NOT NULL, stock integer NOT NULL);
CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    customer text NOT NULL,
    total numeric NOT NULL,
    booked boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
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

CREATE FUNCTION customer_summary(who text, OUT n bigint, OUT spent numeric) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.11 + random() * 0.06);
    SELECT count(*), coalesce(sum(total), 0) INTO n, spent FROM orders WHERE customer = who AND booked;
END $$;
ANALYZE;
