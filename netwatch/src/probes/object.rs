//! The object, made to fit the kernel.

use aya::include_bytes_aligned;
use netwatch_common::kfunc;

use crate::kernel::Layout;

pub(super) static OBJECT: &[u8] =
    include_bytes_aligned!(concat!(env!("OUT_DIR"), "/netwatch-ebpf"));

/// The object in words, as the parser wants it aligned, with its calls of kernel functions completed.
pub(super) fn fitting(layout: &Layout) -> Vec<u64> {
    let (words, rest) = OBJECT.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain([&last]);
    // Instructions stand at multiples of their size.
    words
        .map(|word| match u64::from_ne_bytes(*word) {
            kfunc::PREEMPT_DISABLE => completed(layout.preempt, |[disable, _]| disable),
            kfunc::PREEMPT_ENABLE => completed(layout.preempt, |[_, enable]| enable),
            other => other,
        })
        .collect()
}

fn completed(numbers: Option<[u32; 2]>, choose: fn([u32; 2]) -> u32) -> u64 {
    numbers.map_or(kfunc::NOTHING, |numbers| kfunc::call(choose(numbers)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_is_left_open() {
        let open = [kfunc::PREEMPT_DISABLE, kfunc::PREEMPT_ENABLE];
        let count =
            |words: &[u64], wanted: u64| words.iter().filter(|word| **word == wanted).count();
        let layout = Layout::of_this_kernel(None).expect("this kernel's BTF");
        let with = |preempt| fitting(&Layout { preempt, ..layout });
        let whole = with(Some([7, 8]));
        let disabled = count(&whole, kfunc::call(7));
        assert!(disabled > 0, "the programs keep the CPU");
        assert_eq!(disabled, count(&whole, kfunc::call(8)));
        let without = with(None);
        for word in open {
            assert_eq!(count(&whole, word) + count(&without, word), 0);
        }
        assert_eq!(whole.len(), without.len());
    }
}
