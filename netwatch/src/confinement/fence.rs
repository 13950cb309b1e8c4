//! The fence: a seccomp filter (Linux 3.17) that lets through the system calls which netwatch makes once it
//! traces, with the arguments that it makes them with. To all others the kernel says that it hasn't got them,
//! as it would to a program that is newer than itself.

mod calls;

use std::{collections::BTreeMap, env::consts::ARCH};

use anyhow::{Context as _, Result};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter_all_threads,
};

use calls::{CALLS, Call};

/// Raises it, for all threads.
///
/// # Errors
///
/// This kernel or architecture has none, or a filter of others forbids it.
pub fn raise() -> Result<()> {
    let program = program().context("make the filter of system calls")?;
    apply_filter_all_threads(&program).context("fence off other system calls (seccomp)")
}

fn program() -> Result<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in CALLS {
        let alternatives = rules.entry(call.number).or_default();
        if !call.only.is_empty() {
            alternatives.push(rule(call)?);
        }
    }
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Errno(libc::ENOSYS as u32),
        SeccompAction::Allow,
        ARCH.try_into()?,
    )?;
    Ok(filter.try_into()?)
}

fn rule(call: &Call) -> Result<SeccompRule> {
    let conditions: Result<Vec<_>, _> = call
        .only
        .iter()
        .map(|argument| {
            SeccompCondition::new(
                argument.place,
                SeccompCmpArgLen::Dword,
                SeccompCmpOp::MaskedEq(argument.mask),
                argument.value,
            )
        })
        .collect();
    Ok(SeccompRule::new(conditions?)?)
}

#[cfg(test)]
mod tests;
