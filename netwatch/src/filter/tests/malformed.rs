//! What can't be understood, and what is said then.

use super::*;

/// Expressions, each with its whole message.
const MALFORMED: &[(&str, &str)] = &[];

#[test]
fn every_mistake_is_answered() {
    for (text, message) in MALFORMED {
        let error = Filter::parse(text, &Fake).expect_err(text);
        assert_eq!(error.to_string(), *message, "{text}");
    }
    assert!(MALFORMED.len() >= 50);
}

#[test]
fn dump() {
    for text in std::fs::read_to_string("/tmp/malformed.txt")
        .unwrap()
        .lines()
    {
        match Filter::parse(text, &Fake) {
            Ok(filter) => println!("@@OK {text} -> {filter}"),
            Err(error) => println!("@@ERR\n{error}"),
        }
    }
}
