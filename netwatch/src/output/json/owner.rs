//! The fields of a line that are about its socket's process.

use std::sync::Arc;

use serde::Serialize;

use super::field::{Field, fields};
use crate::event::{Owner, Process};

fields! {
    ProcessFields<'a> {
        pid: Option<u32>,
        comm: Option<&'a str>,
        exe: Option<&'a str>,
        uid: Option<u32>,
        cgroup: Option<&'a str>,
    }
}

/// How many processes are remembered.
const SLOTS: usize = 64;

/// Writes these fields, and remembers how: a process that is heard of once is heard of often.
pub struct ProcessWriter {
    /// The processes, each at a place that its address says, with what was written of it. They are
    /// kept, so that an address means the same process for as long as it stands here.
    slots: Vec<Option<(Arc<Process>, String)>>,
}

impl Default for ProcessWriter {
    fn default() -> Self {
        Self {
            slots: vec![None; SLOTS],
        }
    }
}

impl ProcessWriter {
    /// Writes each of them after a comma.
    pub fn write(&mut self, owner: Option<&Owner>, line: &mut String) {
        let Some(process) = owner.and_then(|owner| owner.process.as_ref()) else {
            ProcessFields::of(owner).write(line);
            return;
        };
        // What is allocated begins at multiples of 16.
        let place = Arc::as_ptr(process).addr() / 16 % SLOTS;
        let slot = &mut self.slots[place];
        match slot {
            Some((known, text)) if Arc::ptr_eq(known, process) => line.push_str(text),
            _ => {
                let mut text = String::new();
                ProcessFields::of(owner).write(&mut text);
                line.push_str(&text);
                *slot = Some((Arc::clone(process), text));
            }
        }
    }
}

impl<'a> ProcessFields<'a> {
    /// What is said of an owner's process; of the kernel, only its name.
    pub fn of(owner: Option<&'a Owner>) -> Self {
        let process = owner.and_then(|owner| owner.process.as_deref());
        Self {
            pid: process.map(|process| process.pid),
            comm: owner.map(Owner::comm),
            exe: process.and_then(|process| process.exe.as_deref()),
            uid: process.map(|process| process.uid),
            cgroup: process.and_then(|process| process.cgroup.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples;

    #[test]
    fn what_is_remembered_is_what_would_be_written() {
        let mut writer = ProcessWriter::default();
        let owners: Vec<Owner> = (0..3 * SLOTS as u32)
            .map(|pid| samples::owner(pid, &format!("process-{pid}")))
            .collect();
        for owner in owners.iter().chain(owners.iter().rev()) {
            let (mut line, mut expected) = (String::new(), String::new());
            writer.write(Some(owner), &mut line);
            ProcessFields::of(Some(owner)).write(&mut expected);
            assert_eq!(line, expected);
        }
    }
}
