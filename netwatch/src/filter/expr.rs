//! Conditions joined by and, or and not.

use super::{Needs, Subject, condition::Condition};
use crate::event::Protocol;

/// An expression. Built by its methods, so that what means the same by structure is equal: no chain
/// stands directly in one of its own kind, and none has fewer than two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Is(Condition),
}

impl Expr {
    pub fn and(self, other: Self) -> Self {
        let mut all = self.into_all();
        all.extend(other.into_all());
        Self::And(all)
    }

    pub fn or(self, other: Self) -> Self {
        let mut any = self.into_any();
        any.extend(other.into_any());
        Self::Or(any)
    }

    pub fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    fn into_all(self) -> Vec<Self> {
        match self {
            Self::And(all) => all,
            other => vec![other],
        }
    }

    fn into_any(self) -> Vec<Self> {
        match self {
            Self::Or(any) => any,
            other => vec![other],
        }
    }

    /// Whether it holds.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|expr| expr.holds(subject)),
            Self::Or(any) => any.iter().any(|expr| expr.holds(subject)),
            Self::Not(expr) => !expr.holds(subject),
            Self::Is(condition) => condition.holds(subject),
        }
    }

    /// Whether it holds for every socket of a protocol, or for none; None where that depends.
    pub fn decided_by(&self, protocol: Protocol) -> Option<bool> {
        let parts = |all: &[Self], wanted: bool| {
            let mut is_open = false;
            for part in all {
                match part.decided_by(protocol) {
                    Some(holds) if holds != wanted => return Some(holds),
                    Some(_) => {}
                    None => is_open = true,
                }
            }
            (!is_open).then_some(wanted)
        };
        match self {
            Self::And(all) => parts(all, true),
            Self::Or(any) => parts(any, false),
            Self::Not(expr) => expr.decided_by(protocol).map(|holds| !holds),
            Self::Is(Condition::Protocol(own)) => Some(*own == protocol),
            Self::Is(_) => None,
        }
    }

    /// Adds what has to be read for it.
    pub fn needs(&self, needs: &mut Needs) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|expr| expr.needs(needs));
            }
            Self::Not(expr) => expr.needs(needs),
            Self::Is(condition) => condition.needs(needs),
        }
    }

    /// How many expressions stand one in another at most.
    pub fn depth(&self) -> usize {
        1 + match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().map(Self::depth).max().unwrap_or_default()
            }
            Self::Not(expr) => expr.depth(),
            Self::Is(_) => 0,
        }
    }
}

impl From<Condition> for Expr {
    fn from(condition: Condition) -> Self {
        Self::Is(condition)
    }
}
