//! What the kernel side leaves out while netwatch can't keep up with it.

use crate::event::{MonoNs, Report, Told};

/// Where the kernel side stands, as far as is known.
#[derive(Debug)]
pub(super) struct Pressure {
    told: Told,
    /// Transitions left out: in the midst of connections, and at their beginning.
    given_up: (u64, u64),
}

impl Default for Pressure {
    fn default() -> Self {
        Self {
            told: Told::Everything,
            given_up: (0, 0),
        }
    }
}

impl Pressure {
    /// Says what a new reading of the kernel's counters means. While something is left out between
    /// any two readings, that goes on.
    pub fn follow(&mut self, given_up: (u64, u64), at: MonoNs) -> Option<Report> {
        let (steps, starts) = self.given_up;
        let news = (
            given_up.0.wrapping_sub(steps),
            given_up.1.wrapping_sub(starts),
        );
        let told = match news {
            (0, 0) => Told::Everything,
            (_, 0) => Told::Landmarks,
            _ => Told::Ends,
        };
        self.given_up = given_up;
        if news == (0, 0) && told == self.told {
            return None;
        }
        self.told = told;
        Some(Report::Pressure {
            at,
            place: "tcp_ring",
            told,
            given_up: news.0 + news.1,
        })
    }

    /// Transitions left out so far.
    pub const fn total(&self) -> u64 {
        self.given_up.0 + self.given_up.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_until_nothing_is() {
        let mut pressure = Pressure::default();
        let steps: Vec<_> = [(0, 0), (5, 0), (7, 0), (7, 3), (7, 3), (7, 3)]
            .into_iter()
            .map(|given_up| match pressure.follow(given_up, 1) {
                Some(Report::Pressure { told, given_up, .. }) => Some((told, given_up)),
                _ => None,
            })
            .collect();
        let expected = [
            None,
            Some((Told::Landmarks, 5)),
            Some((Told::Landmarks, 2)),
            Some((Told::Ends, 3)),
            Some((Told::Everything, 0)),
            None,
        ];
        assert_eq!(steps, expected);
        assert_eq!(pressure.total(), 10);
    }
}
