//! What is left out while the reader of the output can't keep up: the least first.

use crate::event::{MonoNs, Phase, Report, State, Told};

/// So many bytes wait for the reader at most, and what little is told even then.
const MOST: usize = 64 << 20;

/// Where the output stands.
pub struct Pressure {
    told: Told,
    /// Lines left out since the last change.
    given_up: u64,
    total: u64,
}

impl Default for Pressure {
    fn default() -> Self {
        Self {
            told: Told::Everything,
            given_up: 0,
            total: 0,
        }
    }
}

impl Pressure {
    /// Whether a report is told; counts it where it is not.
    pub fn lets_pass(&mut self, report: &Report) -> bool {
        if self.told == Told::Everything || self.told <= told_until(report) {
            return true;
        }
        self.given_up += 1;
        self.total += 1;
        false
    }

    /// Takes a step where the bytes that wait make it due, and says so.
    pub fn follow(&mut self, waiting: usize, at: MonoNs) -> Option<Report> {
        let told = step(self.told, waiting);
        if told == self.told {
            return None;
        }
        self.told = told;
        Some(Report::Pressure {
            at,
            place: "output",
            told,
            given_up: std::mem::take(&mut self.given_up),
        })
    }

    /// How much is told at present.
    pub const fn told(&self) -> Told {
        self.told
    }

    /// Lines left out so far.
    pub const fn total(&self) -> u64 {
        self.total
    }
}

/// More is told again only when little waits any more: each step is to last.
fn step(before: Told, waiting: usize) -> Told {
    const QUARTER: usize = MOST / 4;
    match waiting / QUARTER {
        0 => Told::Everything,
        1 => before,
        2 => before.max(Told::Landmarks),
        3 => before.max(Told::Ends),
        _ => Told::Nothing,
    }
}

/// The last step at which a report is told.
const fn told_until(report: &Report) -> Told {
    match report {
        Report::TcpState {
            new: State::Listen, ..
        }
        | Report::TcpState {
            old: State::Listen,
            new: State::Close,
            ..
        }
        | Report::TcpClose { .. }
        | Report::UdpFlow {
            phase: Phase::Close,
            ..
        } => Told::Ends,
        Report::TcpState {
            new: State::SynSent | State::Established,
            ..
        }
        | Report::UdpFlow {
            phase: Phase::Open, ..
        } => Told::Landmarks,
        Report::TcpState { .. } | Report::UdpFlow { .. } => Told::Everything,
        _ => Told::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples;

    #[test]
    fn steps_are_taken_in_order_and_taken_back_at_once() {
        let mut pressure = Pressure::default();
        let mut steps = Vec::new();
        for eighths in [0, 3, 4, 5, 3, 6, 5, 8, 9, 7, 2, 1, 4] {
            if let Some(Report::Pressure { told, .. }) = pressure.follow(MOST / 8 * eighths, 0) {
                steps.push((eighths, told));
            }
        }
        let expected = [
            (4, Told::Landmarks),
            (6, Told::Ends),
            (8, Told::Nothing),
            (1, Told::Everything),
            (4, Told::Landmarks),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn the_most_valuable_is_told_longest() {
        let told = |new| match samples::state(samples::socket()) {
            Report::TcpState {
                at,
                socket,
                old,
                in_state,
                ..
            } => Report::TcpState {
                at,
                socket,
                old,
                new,
                in_state,
            },
            other => other,
        };
        let reports = [
            told(State::FinWait2),
            samples::flow(Phase::Update),
            told(State::Established),
            samples::flow(Phase::Open),
            told(State::Listen),
            samples::flow(Phase::Close),
            samples::close(),
        ];
        let mut pressure = Pressure::default();
        for (waiting, passed) in [(0, 7), (MOST / 2, 5), (MOST / 4 * 3, 3), (MOST, 0)] {
            pressure.follow(waiting, 0);
            let count = reports
                .iter()
                .filter(|report| pressure.lets_pass(report))
                .count();
            assert_eq!(count, passed, "{waiting}");
        }
        assert_eq!(pressure.total(), 2 + 4 + 7);
        let last = pressure.follow(0, 0);
        assert!(matches!(last, Some(Report::Pressure { given_up: 7, .. })));
        let about = samples::about();
        pressure.follow(MOST, 0);
        assert!(about.iter().all(|report| pressure.lets_pass(report)));
    }
}
