-- Keys at rest, and which counters of a DUKPT device were used.
INSERT INTO kind (number, name) VALUES (17, 'key'), (18, 'device');
