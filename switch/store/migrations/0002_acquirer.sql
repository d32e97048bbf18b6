-- Batches, business days, velocity and counters, what the configuration said; and which batch a transaction belongs to.
INSERT INTO kind (number, name) VALUES
    (11, 'upload_item'), (12, 'difference'), (13, 'day'), (14, 'window'), (15, 'tally'),
    (16, 'configured');

ALTER TABLE record ADD COLUMN batch TEXT;
ALTER TABLE record ADD COLUMN original_key TEXT;
-- Those that are there already belong to no batch and acted upon nothing.
UPDATE record SET batch = '', original_key = '' WHERE kind = 1;

-- Neither of these has an entry for a plain purchase, so it pays for neither. The transactions of a
-- batch need no index: their names begin with the terminal's, and so lie side by side.

-- Who acted upon a transaction: its void, its completions, its refunds.
CREATE INDEX record_follower ON record (original_key, id)
    WHERE kind = 1 AND original_key <> '';

-- What is still set aside: the timers of a start are made from it.
CREATE INDEX record_open_hold ON record (id) WHERE kind = 5 AND state = 'open';
