-- One row of each table, as the step m0001_instances knew it. Both databases read this.
INSERT INTO key (key_id, check_value, created_at_us) VALUES ('k1', 'check', 1700000000000000);
INSERT INTO instance (instance_id, name, email, phone_number, address, jurisdiction, use_stefan, default_pay_delay_us,
    default_refund_delay_us, default_wire_transfer_delay_us, default_wire_transfer_rounding_interval, merchant_pub,
    merchant_priv, merchant_priv_key_id, created_at_us)
VALUES ('shop', 'Shop', 'ada@example.com', '+41791234567', '{"country": "CH"}', '{}', TRUE, 1, 2, 3, 'NONE',
    '0123456789abcdef0123456789abcdef', 'sealed', 'k1', 1700000000000000);
INSERT INTO credential (instance_serial, version, method, password_hash, is_legacy, changed_at_us)
VALUES (1, 3, 'token', '$argon2id$of-a-test', FALSE, 1700000000000000);
INSERT INTO access_token (instance_serial, digest, scope, refreshable, created_at_us)
VALUES (1, 'fedcba9876543210fedcba9876543210', 'all', FALSE, 1700000000000000);
INSERT INTO login_limit (instance_serial, network, touched_at_us) VALUES (1, '203.0.113.7', 1700000000000000);
INSERT INTO login_attempt (login_limit_serial, at_us) VALUES (1, 1700000000000000);
