//! What the BPF iterators write.

use netwatch_common::{HolderRow, IterRow, row};

use super::{DecodeError, IPPROTO_UDP, claim, ends, state, whole};
use crate::event::{Claim, Cookie, Ends, MonoNs, State};

/// A socket as an iterator found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub at: MonoNs,
    pub cookie: Cookie,
    pub ends: Ends,
    pub state: State,
    pub owner: Option<Claim>,
    pub kind: RowKind,
}

/// Which table a row is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A process's descriptor of a socket of this protocol.
    File {
        udp: bool,
    },
    Tcp,
    /// A connection request of a listener.
    Request,
    /// What the kernel keeps of a closed connection.
    TimeWait,
    Udp,
}

/// How many bytes a [`Row`] takes.
pub const ROW_BYTES: usize = size_of::<IterRow>();

/// Decodes one row of an iterator.
///
/// # Errors
///
/// The length is not a row's, or a number has no meaning.
pub fn iterator_row(bytes: &[u8]) -> Result<Row, DecodeError> {
    let raw: IterRow = whole(bytes, 0)?;
    let kind = match raw.kind {
        row::FILE => RowKind::File {
            udp: raw.tuple.protocol == IPPROTO_UDP,
        },
        row::TCP => RowKind::Tcp,
        row::REQUEST => RowKind::Request,
        row::TIME_WAIT => RowKind::TimeWait,
        row::UDP => RowKind::Udp,
        kind => return Err(DecodeError::Kind { kind: kind.into() }),
    };
    Ok(Row {
        at: raw.ts_ns,
        cookie: Cookie(raw.cookie),
        ends: ends(&raw.tuple)?,
        state: state(raw.state)?,
        owner: claim(&raw.owner)?,
        kind,
    })
}

/// Decodes one row of the reading of holders.
///
/// # Errors
///
/// The length is not a row's.
pub fn holder_row(bytes: &[u8]) -> Result<HolderRow, DecodeError> {
    whole(bytes, 0)
}
