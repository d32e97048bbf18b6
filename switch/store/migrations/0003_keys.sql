-- Keys at rest, which counters of a DUKPT device were used, and what was done with keys.
INSERT INTO kind (number, name) VALUES (17, 'key'), (18, 'device'), (19, 'key_deed');
