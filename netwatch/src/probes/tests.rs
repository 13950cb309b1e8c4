//! The table of programs.

use std::collections::HashSet;

use super::*;

#[test]
fn every_program_of_the_object_has_its_row_and_the_reverse() {
    let object = aya_obj::Object::parse(load::OBJECT).expect("netwatch's own object");
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

#[test]
fn a_capability_s_rungs_stand_together() {
    let capabilities: Vec<_> = capabilities().collect();
    let different: HashSet<_> = capabilities.iter().collect();
    assert_eq!(different.len(), capabilities.len(), "{capabilities:?}");
}

#[test]
fn without_any_program_of_a_required_capability_nothing_runs() {
    assert!(is_required(TCP));
    let required = capabilities().filter(|capability| is_required(capability));
    assert_eq!(required.collect::<Vec<_>>(), [MEMORY, TCP]);
}
