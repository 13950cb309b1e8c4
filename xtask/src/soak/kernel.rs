//! What is in the kernel of programs, maps and links.

use std::{collections::BTreeSet, fmt};

use aya::{
    maps::loaded_maps,
    programs::{loaded_links, loaded_programs},
};

/// The numbers by which the kernel knows them.
pub struct Belongings {
    programs: BTreeSet<u32>,
    maps: BTreeSet<u32>,
    links: BTreeSet<u32>,
}

impl Belongings {
    /// All that there are.
    pub fn of_all() -> Self {
        Self {
            programs: loaded_programs().flatten().map(|one| one.id()).collect(),
            maps: loaded_maps().flatten().map(|one| one.id()).collect(),
            links: loaded_links().flatten().map(|one| one.id()).collect(),
        }
    }

    /// Those that others don't have.
    pub fn without(&self, others: &Self) -> Self {
        Self {
            programs: &self.programs - &others.programs,
            maps: &self.maps - &others.maps,
            links: &self.links - &others.links,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.maps.is_empty() && self.links.is_empty()
    }
}

impl fmt::Display for Belongings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        write!(
            f,
            "{} programs, {} maps, {} links",
            self.programs.len(),
            self.maps.len(),
            self.links.len()
        )
    }
}
