//! How fast the counters of interfaces grow.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use super::super::{
    BAD, InterfaceReading,
    grid::{self, Column},
    styled,
};
use crate::{
    columns::Align::{Left, Right},
    host::interfaces::{
        Interface,
        counters::{Counter, Counters, RX_DROPS},
    },
    humane,
};

/// What was counted between two readings.
pub struct Rates {
    seconds: f64,
    grown: HashMap<u32, Counters>,
}

/// The growth of one interface's counters.
#[derive(Clone, Copy)]
pub struct Rate<'a> {
    grown: &'a Counters,
    pub seconds: f64,
}

impl Rate<'_> {
    /// Per second; None where this kernel doesn't count it.
    pub fn of(self, counter: Counter) -> Option<f64> {
        Some(self.grown.get(counter)? as f64 / self.seconds)
    }

    fn sum(self, counters: &[Counter]) -> f64 {
        self.grown.sum(counters) as f64 / self.seconds
    }
}

impl Rates {
    /// Since the reading before, where there was one.
    pub fn new(now: &InterfaceReading, before: Option<&InterfaceReading>) -> Self {
        let then = before.map_or(&[][..], |before| &before.interfaces);
        let then: HashMap<(u32, &str), &Counters> = then
            .iter()
            .map(|one| ((one.index, one.name.as_str()), &one.counters))
            .collect();
        let grown = now.interfaces.iter().filter_map(|one| {
            let before = then.get(&(one.index, one.name.as_str()))?;
            Some((one.index, one.counters.since(before)?))
        });
        Self {
            grown: grown.collect(),
            seconds: before.map_or(0.0, |before| (now.at - before.at) as f64 / 1e9),
        }
    }

    /// None where it was not there before, or began anew.
    pub fn of(&self, interface: &Interface) -> Option<Rate<'_>> {
        Some(Rate {
            grown: self.grown.get(&interface.index)?,
            seconds: self.seconds,
        })
    }

    /// Writes a line for each.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn write(
        &self,
        out: &mut impl Write,
        interfaces: &[Interface],
        color: bool,
    ) -> io::Result<()> {
        let rows: Vec<Vec<String>> = interfaces
            .iter()
            .map(|interface| row(interface, self.of(interface)))
            .collect();
        let mut table = Vec::new();
        grid::write(&mut table, &COLUMNS, &rows)?;
        let table = String::from_utf8_lossy(&table);
        let suffers = |interface: &Interface| {
            let rate = self.of(interface);
            rate.is_some_and(|rate| TROUBLE.iter().any(|counters| rate.sum(counters) > 0.0))
        };
        let headed = std::iter::once(false).chain(interfaces.iter().map(suffers));
        for (line, suffers) in table.lines().zip(headed) {
            let style = styled(BAD, color && suffers);
            writeln!(out, "{style}{line}{style:#}")?;
        }
        Ok(())
    }
}

/// Errors and drops of both ways, in the order of their columns.
const TROUBLE: [&[Counter]; 4] = [
    &[Counter::RxErrors],
    RX_DROPS,
    &[Counter::TxErrors],
    &[Counter::TxDropped],
];

const COLUMNS: [Column; 9] = [
    Column("Iface", Left, 15),
    Column("RX-B/s", Right, 8),
    Column("RX-OK/s", Right, 8),
    Column("RX-ERR/s", Right, 8),
    Column("RX-DRP/s", Right, 8),
    Column("TX-B/s", Right, 8),
    Column("TX-OK/s", Right, 8),
    Column("TX-ERR/s", Right, 8),
    Column("TX-DRP/s", Right, 8),
];

fn row(interface: &Interface, rate: Option<Rate<'_>>) -> Vec<String> {
    let [rx_errors, rx_drops, tx_errors, tx_drops] = TROUBLE;
    let cells: [&[Counter]; 8] = [
        &[Counter::RxBytes],
        &[Counter::RxPackets],
        rx_errors,
        rx_drops,
        &[Counter::TxBytes],
        &[Counter::TxPackets],
        tx_errors,
        tx_drops,
    ];
    let cell = |counters| rate.map_or_else(|| "-".to_owned(), |rate| shown(rate.sum(counters)));
    let mut row = vec![interface.name.clone()];
    row.extend(cells.map(cell));
    row
}

/// Not 0 where there is something, however little.
fn shown(rate: f64) -> String {
    if rate > 0.0 && rate < 9.95 {
        format!("{:.1}", rate.max(0.1))
    } else {
        humane::count(rate.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(at: u64, rx_packets: u64, tx_packets: u64) -> InterfaceReading {
        let bytes = [rx_packets, tx_packets].map(u64::to_ne_bytes).concat();
        let interface = Interface {
            index: 1,
            name: "lo".to_owned(),
            counters: Counters::from_kernel(&bytes),
            ..Interface::default()
        };
        InterfaceReading {
            at,
            interfaces: vec![interface],
            names: HashMap::new(),
        }
    }

    #[test]
    fn a_rate_is_growth_in_time() {
        let (then, now) = (
            reading(1_000_000_000, 10, 0),
            reading(3_000_000_000, 15, 4_000),
        );
        let rates = Rates::new(&now, Some(&then));
        let rate = rates.of(&now.interfaces[0]).unwrap();
        assert_eq!(rate.of(Counter::RxPackets), Some(2.5));
        assert_eq!(rate.of(Counter::RxBytes), None);
        let row = row(&now.interfaces[0], Some(rate));
        assert_eq!(row, ["lo", "0", "2.5", "0", "0", "0", "2.0k", "0", "0"]);
    }

    #[test]
    fn what_was_not_there_or_began_anew_has_no_rate() {
        let (then, now) = (reading(1, 10, 0), reading(2, 9, 0));
        assert!(
            Rates::new(&now, Some(&then))
                .of(&now.interfaces[0])
                .is_none()
        );
        assert!(Rates::new(&now, None).of(&now.interfaces[0]).is_none());
    }

    #[test]
    fn little_is_not_nothing() {
        assert_eq!(shown(0.0), "0");
        assert_eq!(shown(0.001), "0.1");
        assert_eq!(shown(9.96), "10");
    }
}
