//! What is shown: one language of conditions on sockets for every command. Pure: what takes asking
//! the machine, such as names, is asked through [`Lookup`].
//!
//! Each kind of condition is one row of [`KEYS`].

mod condition;
mod display;
mod error;
mod expr;
mod host;
mod keys;
mod lexer;
mod lookup;
mod measure;
mod operator;
mod parse;
mod pattern;
mod states;
mod suggest;
mod values;

use std::{fmt, sync::Arc};

use crate::event::{Facts, Process, Protocol, Socket};
pub use error::{Fault, ParseError};
use expr::Expr;
pub use keys::{KEYS, Key, Operand, Operators};
pub use lookup::Lookup;
pub use operator::Op;

/// Which sockets are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Option<Expr>);

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub socket: &'a Socket,
    pub facts: &'a Facts,
    /// Name of the interface that it is bound to.
    pub interface: Option<&'a str>,
    /// Every process that holds it, where that was read; else only the owner counts.
    pub holders: &'a [Arc<Process>],
}

/// What has to be read for a filter to be decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub owners: bool,
    /// Executables and cgroups.
    pub whole: bool,
    /// Round-trip times and bytes.
    pub detail: bool,
    /// It says which states are wanted, so that no others are left out beforehand.
    pub mentions_state: bool,
}

impl Filter {
    /// Understands an expression; one of blanks only wants everything.
    ///
    /// # Errors
    ///
    /// It can't be understood.
    pub fn parse(text: &str, lookup: &dyn Lookup) -> Result<Self, ParseError> {
        parse::parse(text, lookup).map(Self)
    }

    /// What fulfils both.
    pub fn and(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(other)) => Self(Some(one.and(other))),
            (one, other) => Self(one.or(other)),
        }
    }

    /// What fulfils one of these; everything where there are none.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        let either = |one: Self, other: Self| Self(one.0.zip(other.0).map(|(a, b)| a.or(b)));
        filters.into_iter().reduce(either).unwrap_or_default()
    }

    /// Whether a socket is wanted.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.0.as_ref().is_none_or(|expr| expr.holds(subject))
    }

    /// Whether some socket of a protocol may be wanted, as far as that is plain.
    pub fn may_want(&self, protocol: Protocol) -> bool {
        let decided = self.0.as_ref().and_then(|expr| expr.decided_by(protocol));
        decided != Some(false)
    }

    /// What has to be read for it.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        if let Some(expr) = &self.0 {
            expr.needs(&mut needs);
        }
        needs
    }
}

impl From<Expr> for Filter {
    fn from(expr: Expr) -> Self {
        Self(Some(expr))
    }
}

/// An expression that means the same.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |expr| expr.fmt(f))
    }
}

#[cfg(test)]
mod tests;
