//! Protocol counters, as sentences.

use std::io::{self, Write};

use super::sentences::{self, Place, Sentence};
use crate::netstat::counters::Group;

/// Below which heading the printer stands. It stays there until a group that is left out, or a
/// counter that belongs elsewhere, even over the end of a group: so does netstat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Group,
    Received,
    Sent,
}

impl Below {
    const fn indent(self) -> usize {
        match self {
            Self::Group => 4,
            Self::Received | Self::Sent => 8,
        }
    }
}

pub fn print(out: &mut impl Write, groups: &[Group]) -> io::Result<()> {
    let mut below = Below::Group;
    for group in groups {
        if !group.is_chosen {
            below = Below::Group;
            continue;
        }
        writeln!(out, "{}:", group.name)?;
        for (counter, value) in &group.counters {
            match sentences::find(&group.name, counter) {
                Some(sentence) => below = known(out, sentence, *value, below)?,
                None if *value != 0 => {
                    writeln!(
                        out,
                        "{:width$}{counter}: {value}",
                        "",
                        width = below.indent()
                    )?;
                }
                None => {}
            }
        }
    }
    Ok(())
}

fn known(
    out: &mut impl Write,
    sentence: &Sentence,
    value: u64,
    before: Below,
) -> io::Result<Below> {
    let (below, heading) = match sentence.place {
        Place::Always | Place::Nonzero | Place::Never => (Below::Group, None),
        Place::Received => (Below::Received, Some("ICMP input histogram:")),
        Place::Sent => (Below::Sent, Some("ICMP output histogram:")),
    };
    if let Some(heading) = heading.filter(|_| below != before) {
        writeln!(out, "{:width$}{heading}", "", width = before.indent())?;
    }
    let is_shown = match sentence.place {
        Place::Always => true,
        Place::Nonzero | Place::Received | Place::Sent => value != 0,
        Place::Never => false,
    };
    if is_shown {
        let text = sentence.text.replace("{}", &value.to_string());
        writeln!(out, "{:width$}{text}", "", width = below.indent())?;
    }
    Ok(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, counters: &[(&str, u64)]) -> Group {
        let counters = counters.iter();
        Group {
            name: name.to_owned(),
            counters: counters
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect(),
            is_chosen: true,
        }
    }

    fn printed(groups: &[Group]) -> String {
        let mut out = Vec::new();
        print(&mut out, groups).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn counters_without_a_sentence_have_their_names() {
        let ip = [
            ("Forwarding", 1),
            ("DefaultTTL", 64),
            ("InReceives", 0),
            ("InHdrErrors", 0),
        ];
        assert_eq!(
            printed(&[
                group("Ip", &ip),
                group("IpExt", &[("InOctets", 9), ("OutOctets", 0)])
            ]),
            "Ip:\n    Forwarding: 1\n    0 total packets received\nIpExt:\n    InOctets: 9\n"
        );
    }

    #[test]
    fn a_histogram_lasts_until_a_counter_of_another_place() {
        let icmp = [
            ("InMsgs", 2),
            ("InEchos", 2),
            ("OutMsgs", 0),
            ("OutEchos", 0),
        ];
        assert_eq!(
            printed(&[group("Icmp", &icmp), group("IcmpMsg", &[("InType8", 2)])]),
            "Icmp:\n    2 ICMP messages received\n    ICMP input histogram:\n        \
             echo requests: 2\n    0 ICMP messages sent\n    ICMP output histogram:\n\
             IcmpMsg:\n        InType8: 2\n"
        );
    }
}
