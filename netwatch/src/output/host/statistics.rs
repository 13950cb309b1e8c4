//! Protocol counters, each with what it means.

use std::io::{self, Write};

use super::{BAD, BOLD, DIM, styled};
use crate::{
    host::statistics::{
        Changes, Section, Statistics,
        meaning::{self, TOO_MANY_RETRANSMITTED},
    },
    humane,
};

/// How counters are written.
pub struct Text {
    pub color: bool,
}

impl Text {
    /// Writes sections of counters; without those that are 0, unless all are wanted.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn totals(
        &self,
        out: &mut impl Write,
        statistics: &Statistics,
        all: bool,
    ) -> io::Result<()> {
        for section in &statistics.0 {
            let counters = section.counters.iter();
            let shown: Vec<_> = counters.filter(|(_, number)| all || *number != 0).collect();
            if shown.is_empty() {
                continue;
            }
            self.heading(out, &section.name)?;
            let widths = widths(
                shown
                    .iter()
                    .map(|(name, number)| (name, number.to_string())),
            );
            for (name, number) in shown {
                let sentence = meaning::of(&section.name, name).map(|known| known.sentence);
                let cells = format!("{name:<0$} {number:>1$}", widths.0, widths.1);
                self.line(out, "  ", &cells, sentence)?;
            }
        }
        Ok(())
    }

    /// Writes what changed, with its rate; what means trouble is marked.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn changes(&self, out: &mut impl Write, changes: &Changes) -> io::Result<()> {
        if changes.counters.0.is_empty() {
            return writeln!(out, "nothing changed");
        }
        for section in &changes.counters.0 {
            self.heading(out, &section.name)?;
            self.changed(out, section, changes.time.as_secs_f64())?;
        }
        if let Some(share) = meaning::retransmitted(&changes.counters).filter(|share| *share > 0.0)
        {
            let is_trouble = share >= TOO_MANY_RETRANSMITTED;
            let style = styled(BAD, self.color && is_trouble);
            let mark = if is_trouble { "! " } else { "  " };
            let percent = 100.0 * share;
            let text = format!("{mark}{percent:.2} % of TCP's segments were sent again");
            writeln!(out, "{style}{text}{style:#}")?;
        }
        Ok(())
    }

    fn changed(&self, out: &mut impl Write, section: &Section, seconds: f64) -> io::Result<()> {
        let signed = |change: &i128| format!("{change:+}");
        let counters = section.counters.iter();
        let widths = widths(
            counters
                .clone()
                .map(|(name, change)| (name, signed(change))),
        );
        for (name, change) in counters {
            let is_trouble = meaning::is_trouble(&section.name, name, *change);
            let sentence = meaning::of(&section.name, name).map(|known| known.sentence);
            let rate = per_second(*change, seconds);
            let change = signed(change);
            let cells = format!("{name:<0$} {change:>1$} {rate:>8}", widths.0, widths.1);
            let mark = if is_trouble { "! " } else { "  " };
            self.line(out, mark, &cells, sentence)?;
        }
        Ok(())
    }

    fn heading(&self, out: &mut impl Write, name: &str) -> io::Result<()> {
        let bold = styled(BOLD, self.color);
        writeln!(out, "{bold}{name}{bold:#}")
    }

    fn line(
        &self,
        out: &mut impl Write,
        mark: &str,
        cells: &str,
        sentence: Option<&str>,
    ) -> io::Result<()> {
        let style = styled(BAD, self.color && mark.starts_with('!'));
        let dim = styled(DIM, self.color);
        let end = sentence.map(|text| format!("  {dim}{text}{dim:#}"));
        let end = end.unwrap_or_default();
        writeln!(out, "{style}{mark}{cells}{style:#}{end}")
    }
}

/// The widest name and the widest number.
fn widths<'a>(cells: impl Iterator<Item = (&'a String, String)>) -> (usize, usize) {
    cells.fold((0, 0), |(names, numbers), (name, number)| {
        (names.max(name.len()), numbers.max(number.len()))
    })
}

/// Only growth has a rate.
fn per_second(change: i128, seconds: f64) -> String {
    match u64::try_from(change) {
        Ok(change) if seconds > 0.0 => {
            let rate = change as f64 / seconds;
            if rate < 9.95 {
                format!("{rate:.1}/s")
            } else {
                format!("{}/s", humane::count(rate.round() as u64))
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn section(name: &str, counters: &[(&str, i128)]) -> Section {
        Section {
            name: name.to_owned(),
            counters: counters
                .iter()
                .map(|(name, number)| ((*name).to_owned(), *number))
                .collect(),
        }
    }

    fn written(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn totals_have_a_sentence_where_there_is_one_and_no_zeros() {
        let counters = [
            ("ActiveOpens", 12),
            ("AttemptFails", 0),
            ("FromTheFuture", 3),
        ];
        let statistics = Statistics(vec![section("Tcp", &counters), section("Udp", &[("X", 0)])]);
        let text = Text { color: false };
        let some = written(|out| text.totals(out, &statistics, false));
        let expected = "Tcp\n  ActiveOpens   12  Connections that were begun here.\n  \
                        FromTheFuture  3\n";
        assert_eq!(some, expected);
        let all = written(|out| text.totals(out, &statistics, true));
        assert_eq!(all.lines().count(), 6, "{all}");
    }

    #[test]
    fn changes_that_mean_trouble_are_marked() {
        let tcp = [("CurrEstab", -2), ("OutSegs", 97), ("RetransSegs", 3)];
        let extension = [("ListenOverflows", 4)];
        let changes = Changes {
            counters: Statistics(vec![section("Tcp", &tcp), section("TcpExt", &extension)]),
            time: Duration::from_secs(2),
        };
        let text = written(|out| Text { color: false }.changes(out, &changes));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("  CurrEstab    -2"), "{text}");
        assert!(
            lines[2].starts_with("  OutSegs     +97     49/s  Segments"),
            "{text}"
        );
        assert!(
            lines[3].starts_with("! RetransSegs  +3    1.5/s  "),
            "{text}"
        );
        assert!(
            lines[5].starts_with("! ListenOverflows +4    2.0/s  "),
            "{text}"
        );
        assert_eq!(lines[6], "! 3.00 % of TCP's segments were sent again");
    }
}
