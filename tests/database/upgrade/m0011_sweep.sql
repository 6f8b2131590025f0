-- What the step m0011_sweep added. Both databases read this.
INSERT INTO sweep (serial, at_us) VALUES (1, 1700000000000000);
