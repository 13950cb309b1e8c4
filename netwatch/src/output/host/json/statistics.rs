//! Protocol counters by the kernel's own names.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::host::statistics::{self as counted, Changes, Section, meaning};

/// What a line says of counters: a field for each section, after those about changes.
pub struct Statistics<'a> {
    pub statistics: &'a counted::Statistics,
    pub changes: Option<&'a Changes>,
}

impl Serialize for Statistics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let seconds = self.changes.map(|changes| changes.time.as_secs_f64());
        let changed = self.changes.map(|changes| &changes.counters);
        map.serialize_entry("interval_s", &seconds)?;
        map.serialize_entry("changes", &changed.map(|changed| Sections(&changed.0)))?;
        map.serialize_entry("trouble", &changed.map(trouble))?;
        map.serialize_entry("retransmitted", &changed.and_then(meaning::retransmitted))?;
        for section in &self.statistics.0 {
            map.serialize_entry(&section.name, &Counters(section))?;
        }
        map.end()
    }
}

/// `TcpExtListenOverflows` and such, as nstat names them.
fn trouble(changes: &counted::Statistics) -> Vec<String> {
    let all = changes.0.iter().flat_map(|section| {
        let of_section = section
            .counters
            .iter()
            .map(|counter| (&section.name, counter));
        of_section.filter(|(section, (name, change))| meaning::is_trouble(section, name, *change))
    });
    all.map(|(section, (name, _))| format!("{section}{name}"))
        .collect()
}

struct Sections<'a>(&'a [Section]);

impl Serialize for Sections<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sections = self.0.iter();
        serializer.collect_map(sections.map(|section| (&section.name, Counters(section))))
    }
}

struct Counters<'a>(&'a Section);

impl Serialize for Counters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counters = self.0.counters.iter();
        serializer.collect_map(counters.map(|(name, number)| (name, number)))
    }
}
