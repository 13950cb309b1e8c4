//! Keeping the CPU while a program runs.
//!
//! The kernel skips a program of a tracepoint or a trampoline that is running on this CPU already. Since 7.0 the
//! scheduler may take the CPU from one, and it is then skipped for every other task of that CPU until the first
//! goes on. kfuncs `bpf_preempt_disable` and `bpf_preempt_enable` (6.10). What stands here in their place, the
//! loader makes a call where the kernel has them, and nothing where not: the bindings know no kfuncs, and a call
//! of one that isn't there would keep the whole program out.

/// Runs in one piece. Nothing may return past the end of `body`.
macro_rules! in_one_piece {
    ($body:expr) => {{
        $crate::preempt::call::<{ netwatch_common::kfunc::PREEMPT_DISABLE }>();
        $body;
        $crate::preempt::call::<{ netwatch_common::kfunc::PREEMPT_ENABLE }>();
    }};
}
pub(crate) use in_one_piece;

/// A call without arguments or result, which the loader completes.
#[inline(always)]
pub fn call<const PLACEHOLDER: u64>() {
    #[cfg(target_arch = "bpf")]
    // SAFETY: an instruction of its own, with the registers that a call changes.
    unsafe {
        core::arch::asm!(
            ".quad {}",
            const PLACEHOLDER,
            out("r0") _, out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _,
        );
    }
}
