//! What can't be understood, and what is said then.

use super::*;

/// Messages, each of which begins with its expression.
const MALFORMED: &str = include_str!("malformed.txt");

#[test]
fn every_mistake_is_answered() {
    let mut count = 0;
    for message in MALFORMED.trim_end().split("\n\n") {
        let text = message.lines().next().unwrap_or_default();
        let error = Filter::parse(text, &Fake).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
        count += 1;
    }
    assert!(count >= 50, "{count} mistakes");
}
