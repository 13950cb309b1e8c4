//! Records that wait.

use crate::event::MonoNs;

/// Records as they came, which wait to be put in the order of time: two rings and several CPUs don't
/// keep it. Bytes rather than events: they are a quarter of the size, and most wait only shortly.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

/// Where a record is.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: MonoNs,
    start: usize,
    len: usize,
}

impl Batch {
    /// Adds a record that was made at the given time.
    pub fn push(&mut self, at: MonoNs, record: &[u8]) {
        self.places.push(Place {
            at,
            start: self.bytes.len(),
            len: record.len(),
        });
        self.bytes.extend_from_slice(record);
    }

    /// Moves the records of another one to the end of this one.
    pub fn append(&mut self, other: &mut Self) {
        let base = self.bytes.len();
        self.bytes.append(&mut other.bytes);
        self.places
            .extend(other.places.drain(..).map(|place| Place {
                start: base + place.start,
                ..place
            }));
    }

    /// Puts the records in the order of time; those of one time stay as they came.
    pub fn sort(&mut self) {
        if !self.places.is_sorted_by_key(|place| place.at) {
            self.places.sort_by_key(|place| place.at);
        }
    }

    /// The records.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places
            .iter()
            .map(|place| &self.bytes[place.start..place.start + place.len])
    }

    /// How many bytes the records have.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Forgets all of them, and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_in_the_order_of_time() {
        let mut first = Batch::default();
        first.push(3, b"three");
        first.push(1, b"one");
        let mut second = Batch::default();
        second.push(2, b"");
        second.push(1, b"one again");
        first.append(&mut second);
        assert!(second.is_empty());
        assert_eq!((first.len(), first.bytes()), (4, 17));
        first.sort();
        let records: Vec<&[u8]> = first.iter().collect();
        assert_eq!(records, [b"one".as_slice(), b"one again", b"", b"three"]);
        first.clear();
        assert_eq!(first.iter().count(), 0);
    }
}
