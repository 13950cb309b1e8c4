//! Keeping no more memory than is in use, which the C library doesn't do by itself.

/// Before any thread starts: all use the same memory. What a thread that ended has given back would
/// otherwise wait for the next one. Nothing that is done often asks for memory, so none waits for
/// another.
pub fn share() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes nothing but numbers, at any time.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// After something that took much: reading the kernel's types takes five times what stays.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes nothing but a number, at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
