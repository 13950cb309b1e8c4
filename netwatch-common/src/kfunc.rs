//! Calls of kernel functions that the loader completes.

/// `BPF_JMP | BPF_CALL` with `BPF_PSEUDO_KFUNC_CALL`, as the kernel reads eight bytes of it; above them stands
/// the function's number.
const CALL: u64 = 0x2085;

/// Stands for a call of `bpf_preempt_disable`.
pub const PREEMPT_DISABLE: u64 = CALL | 0x6e78_0001 << 32;
/// Stands for a call of `bpf_preempt_enable`.
pub const PREEMPT_ENABLE: u64 = CALL | 0x6e78_0002 << 32;
/// `BPF_JMP | BPF_JA` to the next instruction: stands for neither.
pub const NOTHING: u64 = 0x05;

/// A call of the kernel function with this number in the kernel's BTF.
pub const fn call(number: u32) -> u64 {
    CALL | (number as u64) << 32
}
