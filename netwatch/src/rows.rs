//! The rows that `list` shows, in their order.

use crate::{
    cli::list::{Config, Sort},
    columns::list::ListLine,
    filter::Subject,
    list::{Entry, Listing},
    names::Names,
};

/// Rows of one listing: decoded as they are shown, or all before where they are to be put in order.
pub enum Rows<'a> {
    AsRead(&'a Config, &'a Listing),
    Sorted(Vec<Entry>),
}

impl<'a> Rows<'a> {
    /// The rows of a listing that pass the filter.
    pub fn new(config: &'a Config, listing: &'a Listing) -> Self {
        let rows = Self::AsRead(config, listing);
        match config.sort {
            None => rows,
            Some(sort) => {
                let mut sorted = rows.collect();
                sort_rows(&mut sorted, listing, sort);
                Self::Sorted(sorted)
            }
        }
    }

    /// Visits every row.
    pub fn each(&self, mut visit: impl FnMut(&Entry)) {
        match self {
            Self::AsRead(config, listing) => listing
                .entries()
                .filter(|entry| config.filter.matches(&subject(entry, listing)))
                .for_each(|entry| visit(&entry)),
            Self::Sorted(rows) => rows.iter().for_each(visit),
        }
    }

    /// Every row, to be kept.
    pub fn collect(&self) -> Vec<Entry> {
        let mut rows = Vec::new();
        self.each(|entry| rows.push(entry.clone()));
        rows
    }
}

fn subject<'a>(entry: &'a Entry, listing: &'a Listing) -> Subject<'a> {
    Subject {
        socket: &entry.socket,
        facts: &entry.facts,
        interface: entry.interface.as_deref(),
        holders: listing.holder_processes(entry),
    }
}

fn sort_rows(rows: &mut [Entry], listing: &Listing, sort: Sort) {
    fn line<'a>(entry: &'a Entry, listing: &'a Listing, names: &'a Names) -> ListLine<'a> {
        ListLine {
            entry,
            listing,
            names,
        }
    }
    let (names, value) = (Names::default(), sort.column.value);
    rows.sort_by(|one, other| {
        let one = value(&line(one, listing, &names));
        let order = one.order(&value(&line(other, listing, &names)));
        if sort.descending {
            order.reverse()
        } else {
            order
        }
    });
}
