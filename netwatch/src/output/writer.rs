//! The way out. Where somebody reads along, or a file takes long, that is a thread of its own, so that a
//! reader who is slow, or has stopped, and a disk that can't keep up, never keep netwatch from reading
//! the kernel's rings, nor from ending.

use std::{
    fs::File,
    io::{self, Write as _},
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a reader may take nothing at the end.
const PATIENCE: Duration = Duration::from_secs(1);
/// A file that once took longer for one text is not waited for again.
const SLOW: Duration = Duration::from_millis(20);

/// Brings text to stdout, in the order in which it is handed over.
pub enum Writer {
    /// A file takes what it is given, mostly at once: that costs less than a thread.
    Direct(File),
    /// Whoever reads a pipe, a socket or a terminal takes what they like, and so does a slow disk.
    Thread(Thread),
}

/// What is to be said at the end of a writer's work.
#[derive(Debug)]
pub enum End {
    Written,
    /// The reader took nothing any more, and so many bytes wait.
    Stuck(usize),
}

impl Writer {
    /// Writes to stdout.
    ///
    /// # Errors
    ///
    /// Stdout is closed, or the kernel has no thread.
    pub fn stdout() -> io::Result<Self> {
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        if stdout.metadata()?.is_file() {
            Ok(Self::Direct(stdout))
        } else {
            Thread::start(stdout).map(Self::Thread)
        }
    }

    /// Hands over a text, and leaves an empty one.
    ///
    /// # Errors
    ///
    /// It, or what was handed over before, can't be written.
    pub fn hand_over(&mut self, text: &mut String) -> io::Result<()> {
        match self {
            Self::Direct(file) => {
                let start = Instant::now();
                file.write_all(text.as_bytes())?;
                text.clear();
                if start.elapsed() > SLOW {
                    *self = Self::Thread(Thread::start(file.try_clone()?)?);
                }
                Ok(())
            }
            Self::Thread(thread) => thread.hand_over(text),
        }
    }

    /// How many bytes were handed over that are not written yet.
    pub fn waiting(&self) -> usize {
        match self {
            Self::Direct(_) => 0,
            Self::Thread(thread) => thread.waiting.load(Ordering::Relaxed),
        }
    }

    /// Waits until everything is written, as long as its reader takes something.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn finish(self) -> io::Result<End> {
        match self {
            Self::Direct(_) => Ok(End::Written),
            Self::Thread(thread) => thread.finish(),
        }
    }
}

/// A thread that writes.
pub struct Thread {
    texts: Sender<String>,
    /// Buffers that were written, to be used again.
    empty: Receiver<String>,
    waiting: Arc<AtomicUsize>,
    /// How it ended.
    result: Receiver<io::Result<()>>,
}

impl Thread {
    fn start(out: File) -> io::Result<Self> {
        let (texts, to_write) = mpsc::channel::<String>();
        let (written, empty) = mpsc::channel();
        let (ended, result) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&waiting);
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || {
                // Nobody may want to know any more.
                let _ = ended.send(write_all(&out, &to_write, &written, &count));
            })?;
        Ok(Self {
            texts,
            empty,
            waiting,
            result,
        })
    }

    fn hand_over(&mut self, text: &mut String) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        // One is enough; what a long queue needed goes back.
        let spare = self.empty.try_iter().last().unwrap_or_default();
        let full = std::mem::replace(text, spare);
        self.waiting.fetch_add(full.len(), Ordering::Relaxed);
        self.texts.send(full).map_err(|_| self.why_it_ended())
    }

    fn finish(self) -> io::Result<End> {
        drop(self.texts);
        let mut before = self.waiting.load(Ordering::Relaxed);
        loop {
            match self.result.recv_timeout(PATIENCE) {
                Ok(result) => return result.map(|()| End::Written),
                Err(RecvTimeoutError::Disconnected) => return Err(disappeared()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = self.waiting.load(Ordering::Relaxed);
            if now == before {
                return Ok(End::Stuck(now));
            }
            before = now;
        }
    }

    fn why_it_ended(&self) -> io::Error {
        match self.result.recv() {
            Ok(Err(error)) => error,
            _ => disappeared(),
        }
    }
}

fn disappeared() -> io::Error {
    io::Error::other("the thread that writes has ended")
}

/// The most that is written at once: what was taken is seen by so much.
const PIECE: usize = 64 << 10;

fn write_all(
    mut out: &File,
    texts: &Receiver<String>,
    empty: &Sender<String>,
    waiting: &AtomicUsize,
) -> io::Result<()> {
    for mut text in texts {
        for piece in text.as_bytes().chunks(PIECE) {
            out.write_all(piece)?;
            waiting.fetch_sub(piece.len(), Ordering::Relaxed);
        }
        text.clear();
        // Whoever handed it over may have gone.
        let _ = empty.send(text);
    }
    Ok(())
}
