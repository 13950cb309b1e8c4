//! The names of routing tables.

use std::{collections::BTreeMap, fs, path::PathBuf};

/// `RT_TABLE_MAIN`.
pub const MAIN: u32 = 254;

/// What the kernel itself has: `RT_TABLE_…` of `include/uapi/linux/rtnetlink.h`.
const BUILT_IN: [(u32, &str); 4] = [
    (0, "unspec"),
    (253, "default"),
    (MAIN, "main"),
    (255, "local"),
];

/// Where `ip` keeps names; what is read later counts.
const FILES: [&str; 2] = ["/usr/share/iproute2", "/etc/iproute2"];

/// Numbers and names.
#[derive(Clone, Debug, Default)]
pub struct Tables(BTreeMap<u32, String>);

impl Tables {
    /// This machine's: `rt_tables` and `rt_tables.d/*.conf` in iproute2's folders.
    pub fn read() -> Self {
        let mut tables = Self::default();
        for (number, name) in BUILT_IN {
            tables.0.insert(number, name.to_owned());
        }
        for folder in FILES.map(PathBuf::from) {
            let further = fs::read_dir(folder.join("rt_tables.d"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "conf"));
            for path in std::iter::once(folder.join("rt_tables")).chain(further) {
                // Names are a convenience: without their file the numbers remain.
                tables.add(&fs::read(path).unwrap_or_default());
            }
        }
        tables
    }

    /// A line is a number, decimal or `0x…`, and a name; `#` begins a comment.
    fn add(&mut self, file: &[u8]) {
        for line in String::from_utf8_lossy(file).lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            if let (Some(number), Some(name)) = (words.next().and_then(number), words.next()) {
                self.0.insert(number, crate::text::clean(name.as_bytes()));
            }
        }
    }

    pub fn name(&self, number: u32) -> Option<&str> {
        self.0.get(&number).map(String::as_str)
    }

    /// The name; where there is none, the number.
    pub fn label(&self, number: u32) -> String {
        self.name(number)
            .map_or_else(|| number.to_string(), str::to_owned)
    }

    /// The table that somebody wrote as a name or a number.
    ///
    /// # Errors
    ///
    /// It is neither; the message names the nearest that there is.
    pub fn number(&self, written: &str) -> Result<u32, String> {
        let named = self.0.iter().find(|(_, name)| *name == written);
        if let Some(number) = named.map(|(number, _)| *number).or_else(|| number(written)) {
            return Ok(number);
        }
        let names = self.0.values().map(String::as_str).chain(["all"]);
        let similar = |name: &&str| strsim::jaro_winkler(name, &written.to_ascii_lowercase());
        let nearest = names
            .clone()
            .max_by(|one, other| similar(one).total_cmp(&similar(other)))
            .filter(|name| similar(name) > 0.8);
        Err(match nearest {
            Some(name) => format!("{written:?} is no routing table: did you mean {name}?"),
            None => format!(
                "{written:?} is no routing table: use a number or {}",
                names.collect::<Vec<_>>().join(", ")
            ),
        })
    }
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_found() {
        let mut tables = Tables::read();
        tables.add(b"# comment\n100 uplink # the second line\n0x65 lab\nx y\n7\n9 \x1b[1m\n");
        assert_eq!(tables.number("main"), Ok(MAIN));
        assert_eq!(tables.number("uplink"), Ok(100));
        assert_eq!(tables.number("101"), Ok(101));
        assert_eq!(tables.label(101), "lab");
        assert_eq!(tables.label(102), "102");
        assert_eq!(tables.label(9), "\\u{1b}[1m");
        assert_eq!(tables.name(7), None);
    }

    #[test]
    fn an_unknown_name_gets_a_suggestion() {
        let tables = Tables::read();
        let near = tables.number("mian").unwrap_err();
        assert_eq!(near, "\"mian\" is no routing table: did you mean main?");
        let far = tables.number("xyzzy").unwrap_err();
        assert!(far.contains("main") && far.contains("all"), "{far}");
    }
}
