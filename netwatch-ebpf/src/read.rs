//! How both objects read: globals that the loader wrote, and fields of kernel structs.

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

/// Reads a global that the loader wrote.
#[inline(always)]
pub fn global(value: &'static u32) -> u32 {
    // SAFETY: a reference to an initialized static. Volatile, as the compiler must not take the
    // value it sees here for the value that the program will find.
    unsafe { ptr::read_volatile(value) }
}
