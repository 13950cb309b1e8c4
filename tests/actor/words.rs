//! A command's arguments, and its answer.

use std::{fmt::Debug, os::fd::BorrowedFd, str::FromStr};

use rustix::io::Errno;

/// What follows `ok`, or the error.
pub type Reply = Result<String, Errno>;

pub struct Words<'a>(std::str::SplitAsciiWhitespace<'a>);

impl<'a> Words<'a> {
    pub fn new(line: &'a str) -> Self {
        Self(line.split_ascii_whitespace())
    }

    /// The next argument.
    pub fn take<T: FromStr<Err: Debug>>(&mut self, what: &str) -> T {
        let word = self.0.next().unwrap_or_else(|| panic!("{what} is missing"));
        word.parse()
            .unwrap_or_else(|error| panic!("{word} is not {what}: {error:?}"))
    }

    /// The next argument, if there is one.
    pub fn take_optional(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    /// The next argument, a descriptor.
    pub fn fd(&mut self) -> BorrowedFd<'static> {
        let number = self.take("a descriptor");
        // SAFETY: commands name descriptors that this process answered with and did not close.
        unsafe { BorrowedFd::borrow_raw(number) }
    }
}

/// As many bytes as the next argument says.
pub fn payload(words: &mut Words<'_>) -> Vec<u8> {
    vec![b'n'; words.take("a number of bytes")]
}
