use proptest::prelude::*;

use super::*;

const CHEAP: HashCost = HashCost {
    memory_kib: 32,
    passes: 1,
    lanes: 1,
};

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

fn hash(text: &str, cost: HashCost) -> PasswordHash {
    PasswordHash::compute(
        &password(text),
        &cost.parameters().unwrap(),
        &Random::seeded(1),
        &mut HashMemory::default(),
    )
    .unwrap()
}

fn verify(hash: &PasswordHash, text: &str) -> bool {
    hash.verify(&password(text), &mut HashMemory::default())
        .unwrap()
}

#[test]
fn takes_the_prefix_off_once() {
    let hash = hash("correct horse", CHEAP);
    assert!(verify(&hash, "correct horse"));
    assert!(verify(&hash, "secret-token:correct horse"));
    assert!(!verify(&hash, "secret-token:secret-token:correct horse"));
    assert!(!verify(&hash, "Secret-Token:correct horse"));
    assert!(!verify(&hash, "correct horsf"));
}

#[test]
fn bounds_the_length_without_the_prefix() {
    let longest = "x".repeat(1024);
    assert!(Password::parse(&longest).is_some());
    assert!(Password::parse(&format!("secret-token:{longest}")).is_some());
    for text in [
        String::new(),
        "secret-token:".to_owned(),
        format!("{longest}x"),
    ] {
        assert!(Password::parse(&text).is_none());
    }
}

#[test]
fn stores_a_phc_string_and_keeps_its_cost() {
    let hash = hash("correct horse", CHEAP);
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=32,t=1,p=1$"));
    let stored = PasswordHash::from_stored(hash.as_str().to_owned()).unwrap();
    assert_eq!(stored, hash);
    assert!(verify(&stored, "correct horse"));
}

#[test]
fn one_memory_serves_hashes_of_different_costs() {
    let mut memory = HashMemory::default();
    let dearer = HashCost {
        memory_kib: 64,
        passes: 2,
        lanes: 2,
    };
    let hashes = [hash("a", CHEAP), hash("a", dearer), hash("a", CHEAP)];
    for hash in &hashes {
        assert!(hash.verify(&password("a"), &mut memory).unwrap());
        assert!(!hash.verify(&password("b"), &mut memory).unwrap());
    }
    memory.release();
    assert!(!memory.is_held());
}

/// A test vector of the reference implementation of argon2.
#[test]
fn verifies_a_hash_of_another_implementation() {
    let text =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let hash = PasswordHash::from_stored(text.to_owned()).unwrap();
    assert!(verify(&hash, "password"));
    assert!(!verify(&hash, "passwore"));
}

#[test]
fn refuses_what_is_no_argon2id_hash() {
    for text in [
        "",
        "password",
        "$argon2i$v=19$m=32,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=32,t=1,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=4,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ] {
        let error = PasswordHash::from_stored(text.to_owned()).unwrap_err();
        assert_eq!(error, PasswordHashError::Stored, "{text}");
    }
}

#[test]
fn refuses_impossible_costs() {
    for (memory_kib, passes, lanes) in [(4, 1, 1), (32, 0, 1), (32, 1, 0), (32, 1, 8)] {
        let cost = HashCost {
            memory_kib,
            passes,
            lanes,
        };
        assert_eq!(cost.parameters(), Err(InvalidHashCost));
    }
    assert!(HashCost::default().parameters().is_ok());
}

#[test]
fn debug_hides_passwords_and_hashes() {
    let shown = format!(
        "{:?} {:?}",
        password("correct horse"),
        hash("correct horse", CHEAP)
    );
    assert!(!shown.contains("horse"));
    assert!(!shown.contains("argon2id"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn verifies_itself_and_nothing_else(text in "\\PC{1,40}", other in "\\PC{1,40}") {
        prop_assume!(text != Password::PREFIX && other != Password::PREFIX);
        let hash = hash(&text, CHEAP);
        prop_assert!(verify(&hash, &text));
        prop_assert_eq!(verify(&hash, &other), text == other);
    }
}
