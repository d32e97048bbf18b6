-- Batches, business days, velocity and counters; and which batch a transaction belongs to.
INSERT INTO kind (number, name) VALUES
    (11, 'upload_item'), (12, 'difference'), (13, 'day'), (14, 'window'), (15, 'tally');

ALTER TABLE record ADD COLUMN batch TEXT;
ALTER TABLE record ADD COLUMN original_key TEXT;
