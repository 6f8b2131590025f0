-- What the step m0009_retention added, on top of the rows of m0001_instances: a chain of refreshed tokens that knows where it
-- began. Both databases read this.
INSERT INTO access_token (instance_serial, digest, scope, refreshable, created_at_us, parent_serial, root_serial)
VALUES (1, 'fedcba9876543210fedcba987654321a', 'all', TRUE, 1700000000000001, 1, 1);
INSERT INTO access_token (instance_serial, digest, scope, refreshable, created_at_us, parent_serial, root_serial)
VALUES (1, 'fedcba9876543210fedcba987654321b', 'all', TRUE, 1700000000000002, 2, 1);
