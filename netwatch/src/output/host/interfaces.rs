//! Interfaces, as `netstat -i` and `netstat -ie` print them.

mod blocks;
mod rates;

use std::io::{self, Write};

use super::grid::{self, Column};
use crate::{
    columns::Align::{Left, Right},
    host::interfaces::{
        Interface,
        counters::{Counter, RX_DROPS},
        words::flag_letters,
    },
};

pub use blocks::{blocks, colons};
pub use rates::{Rate, Rates};

const COLUMNS: [Column; 11] = [
    Column("Iface", Left, 15),
    Column("MTU", Right, 5),
    Column("RX-OK", Right, 8),
    Column("RX-ERR", Right, 6),
    Column("RX-DRP", Right, 6),
    Column("RX-OVR", Left, 6),
    Column("TX-OK", Right, 8),
    Column("TX-ERR", Right, 6),
    Column("TX-DRP", Right, 6),
    Column("TX-OVR", Right, 6),
    Column("Flg", Left, 0),
];

/// Writes a line for each.
///
/// # Errors
///
/// It can't be written.
pub fn table(out: &mut impl Write, interfaces: &[Interface]) -> io::Result<()> {
    let rows: Vec<Vec<String>> = interfaces.iter().map(row).collect();
    writeln!(out, "Kernel Interface table")?;
    grid::write(out, &COLUMNS, &rows)
}

fn row(interface: &Interface) -> Vec<String> {
    let numbers: [&[Counter]; 8] = [
        &[Counter::RxPackets],
        &[Counter::RxErrors],
        RX_DROPS,
        &[Counter::RxFifoErrors],
        &[Counter::TxPackets],
        &[Counter::TxErrors],
        &[Counter::TxDropped],
        &[Counter::TxFifoErrors],
    ];
    let mut row = vec![interface.name.clone(), interface.mtu.to_string()];
    row.extend(numbers.map(|counters| interface.counters.sum(counters).to_string()));
    row.push(flag_letters(interface.flags));
    row
}
