-- What the steps m0002_second_factor and m0003_audit added, on top of the rows of m0001_instances. Both databases read this.
UPDATE instance SET email_factor = 'ada@example.com', is_bound = TRUE WHERE instance_id = 'shop';
INSERT INTO challenge_group (budget, purpose, operation, instance_serial, instance_id, subject, credential_version,
    request_hash, request_key_id, network, created_at_us, expires_at_us)
VALUES ('login', 'log-in', 'createToken', 1, 'shop', 'shop', 3, 'hash', 'k1', '203.0.113.7', 1700000000000000,
    1700003600000000);
INSERT INTO challenge (group_serial, id_digest, channel, address, role)
VALUES (1, '0123456789abcdef0123456789abcdef', 'email', 'ada@example.com', 'factor');
INSERT INTO code_counter (name, touched_at_us) VALUES ('counter', 1700000000000000);
INSERT INTO code_transmission (counter_serial, challenge_serial, at_us) VALUES (1, 1, 1700000000000000);
INSERT INTO audit_event (at_us, event, outcome, instance_id, actor_kind, detail)
VALUES (1700000000000000, 'factor.added', 'ok', 'shop', 'anonymous', '{}');
