//! Connection requests, which no event tells of.

use super::*;

#[test]
fn a_request_that_looks_have_found_becomes_a_socket() {
    for looks in 1..=2 {
        let mut table = Table::default();
        let request = found(100, SynRecv, FoundKind::Request);
        for _ in 0..looks {
            table.look_again(&snapshot(90, vec![request.clone()]), &mut Vec::new());
        }
        let states = |table: &Table| -> Vec<State> { table.rows().map(|row| row.state).collect() };
        assert_eq!(states(&table), [SynRecv]);
        let arrived = step(200, SynRecv, Established, detail(EndFacts::default()));
        tell(&mut table, &[arrived]);
        assert_eq!(states(&table), [Established], "after {looks} looks");
    }
}
