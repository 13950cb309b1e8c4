//! The table of programs.

use std::collections::HashSet;

use super::*;

#[test]
fn every_program_of_the_object_has_its_row_and_the_reverse() {
    let object = aya_obj::Object::parse(OBJECT).expect("netwatch's own object");
    let programs: HashSet<&str> = object.programs.keys().map(String::as_str).collect();
    let rows: HashSet<&str> = PROBES.iter().map(|probe| probe.program).collect();
    assert_eq!(programs, rows);
    assert_eq!(rows.len(), PROBES.len(), "a program has two rows");
}

#[test]
fn a_rung_s_programs_stand_together() {
    let mut seen = Vec::new();
    for probe in PROBES {
        let rung = (probe.capability, probe.rung);
        assert!(
            seen.last() == Some(&rung) || !seen.contains(&rung),
            "{} is apart from its rung",
            probe.program
        );
        seen.push(rung);
    }
}
