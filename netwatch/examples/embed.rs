//! Ten lines that print every ended TCP connection of the machine. Run as root.

use netwatch::{Options, Tracer, event::Report};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut tracer = Tracer::start(Options::default()).await?;
    loop {
        for report in tracer.next().await? {
            if let Report::TcpClose {
                socket, closing, ..
            } = report
            {
                println!(
                    "{:?} {:?} {:?}",
                    socket.owner, socket.remote, closing.reason
                );
            }
        }
    }
}
