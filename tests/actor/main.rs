//! A process that does with sockets what a test tells it to, one command at a time.
//!
//! It reads commands from its standard input and answers each with one line: `ok …`, or `err` and
//! the error's number. A socket is named by the number of its descriptor, so a fork and an exec
//! keep every name. A command that can't be understood is a mistake in a test, and ends the actor.
//!
//! Started with arguments it does one thing and exits: see `once`.

mod datagram;
mod once;
mod pass;
mod process;
mod socket;
mod storm;
mod stream;
mod uring;
mod words;

use std::io::{BufRead, Write};

use rustix::process::{Signal, set_parent_process_death_signal};
use words::{Reply, Words};

type Act = fn(&mut Words<'_>) -> Reply;

/// Every command, with what does it.
const COMMANDS: &[(&str, Act)] = &[
    ("socket", socket::socket),
    ("set", socket::set),
    ("bind", socket::bind),
    ("listen", socket::listen),
    ("connect", socket::connect),
    ("disconnect", socket::disconnect),
    ("accept", socket::accept),
    ("accept-unnamed", socket::accept_unnamed),
    ("peer", socket::peer),
    ("shutdown", socket::shutdown),
    ("close", socket::close),
    ("send", stream::send),
    ("recv", stream::recv),
    ("peek", stream::peek),
    ("drain", stream::drain),
    ("send-to", datagram::send_to),
    ("recv-from", datagram::recv_from),
    ("send-many", datagram::send_many),
    ("send-segmented", datagram::send_segmented),
    ("echo", datagram::echo),
    ("send-paced", datagram::send_paced),
    ("fork", process::fork),
    ("exec", process::exec),
    ("comm", process::comm),
    ("become", process::become_user),
    ("spawn", process::spawn),
    ("mailbox", pass::mailbox),
    ("pass", pass::pass),
    ("take", pass::take),
    ("uring-connect", uring::connect),
    ("uring-accept", uring::accept),
    ("uring-send", uring::send),
    ("uring-recv", uring::recv),
    ("storm", storm::storm),
    ("serve", storm::serve),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    set_parent_process_death_signal(Some(Signal::KILL)).expect("ask to die with the parent");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => obey(),
        [process::RESUMED] => {
            answer(&Ok(String::new()));
            obey();
        }
        [what, address] => once::run(what, address),
        _ => panic!("what is {arguments:?}?"),
    }
}

fn obey() {
    let mut line = String::new();
    // One line at a time, unlocked in between: a fork must find nothing locked or read ahead.
    while std::io::stdin()
        .lock()
        .read_line(&mut line)
        .is_ok_and(|length| length > 0)
    {
        let mut words = Words::new(&line);
        let name: String = words.take("a command");
        let Some((_, act)) = COMMANDS.iter().find(|(known, _)| *known == name) else {
            panic!("there is no command {name}");
        };
        answer(&act(&mut words));
        line.clear();
    }
}

fn answer(reply: &Reply) {
    let mut stdout = std::io::stdout().lock();
    match reply {
        Ok(words) => writeln!(stdout, "ok {words}"),
        Err(error) => writeln!(stdout, "err {}", error.raw_os_error()),
    }
    .expect("answer the test");
}
