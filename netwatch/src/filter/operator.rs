//! Comparison operators.

use std::fmt;

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Equal,
    Different,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// Every spelling that ss has, the one that is printed first.
pub const SPELLINGS: &[(&str, Op)] = &[
    ("=", Op::Equal),
    ("==", Op::Equal),
    ("eq", Op::Equal),
    ("!=", Op::Different),
    ("ne", Op::Different),
    ("neq", Op::Different),
    ("<", Op::Less),
    ("lt", Op::Less),
    ("<=", Op::AtMost),
    ("le", Op::AtMost),
    ("leq", Op::AtMost),
    (">", Op::Greater),
    ("gt", Op::Greater),
    (">=", Op::AtLeast),
    ("ge", Op::AtLeast),
    ("geq", Op::AtLeast),
];

impl Op {
    /// The operator of this spelling.
    pub fn spelt(text: &str) -> Option<Self> {
        let row = |row: &&(&str, Self)| row.0.eq_ignore_ascii_case(text);
        SPELLINGS.iter().find(row).map(|(_, op)| *op)
    }

    /// Whether it holds between two values.
    pub fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Different => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }

    /// Whether it asks for being the same, or another.
    pub const fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::Different)
    }

    /// Whether what is known answers the question; what isn't known never does.
    pub fn answers(self, equal: Option<bool>) -> bool {
        equal.is_some_and(|equal| equal == (self == Self::Equal))
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = SPELLINGS.iter().find(|(_, op)| op == self);
        f.write_str(row.map_or("=", |(text, _)| text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_compares_as_it_says() {
        for (text, op) in SPELLINGS {
            assert_eq!(Op::spelt(text), Some(*op));
            assert_eq!(Op::spelt(&op.to_string()), Some(*op), "{text}");
        }
        let holding = |left, right| {
            let ops = ["=", "!=", "<", "<=", ">", ">="];
            let holds = |text: &&str| Op::spelt(text).is_some_and(|op| op.holds(left, right));
            ops.into_iter().filter(holds).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(holding(1, 1), "= <= >=");
        assert_eq!(holding(1, 2), "!= < <=");
        assert_eq!(holding(2, 1), "!= > >=");
    }

    #[test]
    fn what_is_unknown_is_neither_equal_nor_different() {
        for op in [Op::Equal, Op::Different] {
            assert!(!op.answers(None));
        }
        assert!(Op::Equal.answers(Some(true)) && Op::Different.answers(Some(false)));
    }
}
