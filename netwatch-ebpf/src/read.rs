//! How both objects read fields of kernel structs.

use core::{ffi::c_void, ptr};

/// Loads a field directly.
///
/// # Safety
///
/// `base` is a pointer whose type the verifier knows, and `offset` that of a `T` in it.
#[inline(always)]
pub unsafe fn load<T: Copy>(base: *const c_void, offset: usize) -> T {
    // SAFETY: the caller's promise, which the verifier checks.
    unsafe { ptr::read_volatile(base.byte_add(offset).cast::<T>()) }
}
