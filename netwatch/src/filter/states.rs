//! Sets of states, and ss's words for them.

use std::fmt;

use super::{Fault, suggest::near};
use crate::event::{Protocol, Socket, State};

/// States of sockets, a bit for each of the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct States(u16);

const fn bit(state: State) -> u16 {
    1 << (state as u16 + 1)
}

/// CLOSE of a UDP socket, which is not connected then; the kernel has no number 0.
const UNCONN: u16 = 1;
/// ss has one state for both.
const CLOSED: u16 = bit(State::Close) | UNCONN;
const ALL: u16 = 0xfff;
const CONNECTED: u16 = ALL & !CLOSED & !bit(State::Listen);
const BUCKET: u16 = bit(State::SynRecv) | bit(State::TimeWait);

/// Every word for states. Of those that mean the same, the first is printed.
pub const STATE_WORDS: &[(&str, States)] = &[
    ("all", States(ALL)),
    ("connected", States(CONNECTED)),
    ("synchronized", States(CONNECTED & !bit(State::SynSent))),
    ("bucket", States(BUCKET)),
    ("big", States(ALL & !BUCKET)),
    ("established", States(bit(State::Established))),
    ("estab", States(bit(State::Established))),
    ("syn-sent", States(bit(State::SynSent))),
    ("syn-recv", States(bit(State::SynRecv))),
    ("syn-rcv", States(bit(State::SynRecv))),
    ("fin-wait-1", States(bit(State::FinWait1))),
    ("fin-wait1", States(bit(State::FinWait1))),
    ("fin-wait-2", States(bit(State::FinWait2))),
    ("fin-wait2", States(bit(State::FinWait2))),
    ("time-wait", States(bit(State::TimeWait))),
    ("timewait", States(bit(State::TimeWait))),
    ("closed", States(CLOSED)),
    ("close", States(CLOSED)),
    ("unconnected", States(CLOSED)),
    ("unconn", States(UNCONN)),
    ("close-wait", States(bit(State::CloseWait))),
    ("last-ack", States(bit(State::LastAck))),
    ("listening", States(bit(State::Listen))),
    ("listen", States(bit(State::Listen))),
    ("closing", States(bit(State::Closing))),
];

impl States {
    pub const ALL: Self = Self(ALL);
    pub const NONE: Self = Self(0);

    /// The states of a word, whatever its case, with `_` for `-` too.
    ///
    /// # Errors
    ///
    /// It is no state's.
    pub fn named(word: &str) -> Result<Self, Fault> {
        let name = word.to_ascii_lowercase().replace('_', "-");
        let row = STATE_WORDS.iter().find(|(known, _)| *known == name);
        row.map(|(_, states)| *states).ok_or_else(|| {
            let words = STATE_WORDS.iter().map(|(known, _)| *known);
            match near(&name, words.clone()) {
                Some(known) => Fault::is_no(word, "state").suggesting(Some(known)),
                None => Fault::is_no(word, &format!("state ({})", listed(words))),
            }
        })
    }

    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    const fn holds_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the socket is in one of them.
    pub fn hold(self, socket: &Socket) -> bool {
        let bit = match (socket.protocol, socket.state) {
            (Protocol::Udp, State::Close) => UNCONN,
            (_, state) => bit(state),
        };
        self.0 & bit != 0
    }
}

/// One word for each, as the first row of those that mean the same has it.
fn listed(words: impl Iterator<Item = &'static str>) -> String {
    let mut seen = Vec::new();
    let first = |word: &&str| {
        let states = STATE_WORDS
            .iter()
            .find(|row| row.0 == *word)
            .map(|row| row.1);
        let is_new = !seen.contains(&states);
        seen.push(states);
        is_new
    };
    words.filter(first).collect::<Vec<_>>().join(", ")
}

/// As `state` and `exclude` say it.
impl fmt::Display for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return f.write_str("exclude all");
        }
        let mut rest = *self;
        let mut blank = "";
        // ss's words mean CLOSE of every protocol: that of TCP alone has none.
        if rest.0 & CLOSED == bit(State::Close) {
            f.write_str("state closed exclude unconn")?;
            (rest, blank) = (rest.without(Self(CLOSED)), " ");
        }
        while rest != Self::NONE {
            let whole = STATE_WORDS.iter().find(|(_, states)| *states == rest);
            let part = || STATE_WORDS.iter().skip(5).find(|row| rest.holds_all(row.1));
            let Some((word, states)) = whole.or_else(part) else {
                break;
            };
            write!(f, "{blank}state {word}")?;
            (rest, blank) = (rest.without(*states), " ");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_are_unique() {
        let words: HashSet<_> = STATE_WORDS.iter().map(|row| row.0).collect();
        assert_eq!(words.len(), STATE_WORDS.len());
    }

    #[test]
    fn the_names_that_are_shown_are_words() {
        for state in State::ALL {
            let states = States::named(state.name()).unwrap();
            assert!(states.holds_all(States(bit(*state))), "{state}");
        }
        assert_eq!(States::named("UNCONN"), Ok(States(UNCONN)));
    }

    /// Reads what `Display` wrote.
    fn read(text: &str) -> States {
        let words: Vec<&str> = text.split(' ').collect();
        words.chunks(2).fold(States::NONE, |states, pair| {
            let named = States::named(pair[1]).unwrap();
            match pair[0] {
                "state" => states.with(named),
                _ => states.without(named),
            }
        })
    }

    #[test]
    fn every_set_is_printed_so_that_it_is_read_again() {
        for bits in 0..=ALL {
            let shown = States(bits).to_string();
            assert_eq!(read(&shown), States(bits), "{shown}");
        }
        assert_eq!(States(CONNECTED).to_string(), "state connected");
        assert_eq!(States(BUCKET).to_string(), "state bucket");
    }
}
