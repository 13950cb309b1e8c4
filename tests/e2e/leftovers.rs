//! What a killed netwatch leaves in the kernel: nothing.

use std::{collections::BTreeSet, fs};

use aya::{
    maps::loaded_maps,
    programs::{loaded_links, loaded_programs},
};

use crate::harness::{Stage, wait};

/// The numbers by which the kernel knows what belongs to a process.
#[derive(Debug, Default)]
struct Belongings {
    programs: BTreeSet<u32>,
    maps: BTreeSet<u32>,
    links: BTreeSet<u32>,
}

impl Belongings {
    /// By its descriptors, and the maps of its programs.
    fn of(pid: u32) -> Self {
        let mut found = Self::default();
        for entry in fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("list its descriptors") {
            let path = entry.expect("list its descriptors").path();
            // One that was closed meanwhile is not among its belongings.
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            for line in text.lines() {
                let Some((key, value)) = line.split_once(':') else {
                    continue;
                };
                let set = match key {
                    "prog_id" => &mut found.programs,
                    "map_id" => &mut found.maps,
                    "link_id" => &mut found.links,
                    _ => continue,
                };
                set.insert(value.trim().parse().expect("a number"));
            }
        }
        for program in loaded_programs().filter_map(Result::ok) {
            if found.programs.contains(&program.id()) {
                found
                    .maps
                    .extend(program.map_ids().ok().flatten().unwrap_or_default());
            }
        }
        found
    }

    /// Those that the kernel still has.
    fn left(&self) -> Self {
        let programs = loaded_programs()
            .filter_map(Result::ok)
            .map(|program| program.id());
        let maps = loaded_maps().filter_map(Result::ok).map(|map| map.id());
        let links = loaded_links().filter_map(Result::ok).map(|link| link.id());
        Self {
            programs: programs.filter(|id| self.programs.contains(id)).collect(),
            maps: maps.filter(|id| self.maps.contains(id)).collect(),
            links: links.filter(|id| self.links.contains(id)).collect(),
        }
    }

    fn counts(&self) -> [usize; 3] {
        [self.programs.len(), self.maps.len(), self.links.len()]
    }
}

#[test]
fn killed() {
    let stage = Stage::new();
    let watch = stage.watch(&[]);
    let mut belongings = Belongings::default();
    // A look has a link for a moment.
    wait::until("all that it has to be in the kernel's lists", || {
        belongings = Belongings::of(watch.pid());
        let counts = belongings.counts();
        counts.iter().all(|&count| count > 0) && belongings.left().counts() == counts
    });
    watch.kill();
    // The kernel frees them after a grace period.
    wait::until("the kernel to have none of them", || {
        belongings.left().counts() == [0; 3]
    });
}

/// Nothing is pinned, so nothing of it is in the BPF file system either.
#[test]
fn ended() {
    let stage = Stage::new();
    let watch = stage.watch(&[]);
    let belongings = Belongings::of(watch.pid());
    watch.stop();
    wait::until("the kernel to have none of them", || {
        belongings.left().counts() == [0; 3]
    });
}
