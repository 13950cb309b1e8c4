//! What is selected on the command line is told, and nothing else.

use std::collections::BTreeSet;

use crate::harness::{ANY4, ANY6, Actor, Sock, Stage, Watch, schema::Detail};

/// Two TCP connections and one UDP flow, by their two ends.
struct Scene {
    ipv4: [Sock; 2],
    ipv6: [Sock; 2],
    udp: [Sock; 2],
}

/// Arguments, and what is told with them.
type Case<'a> = (&'a [&'a str], fn(Scene) -> Vec<Sock>);

#[test]
fn by_every_key() {
    let stage = Stage::new();
    let (mut client, mut other) = (stage.actor("client"), stage.actor("other"));
    let mut server = stage.actor("server");
    // Below the ports of the kernel's choice, so that nothing else has it.
    let listener = server.listen(([127, 0, 0, 1], 4004).into());
    let port = listener.local.port().to_string();
    let pid = client.who.pid.to_string();
    let cases: &[Case<'_>] = &[
        (&[], |all| [all.ipv4, all.ipv6, all.udp].concat()),
        (&["--tcp"], |all| [all.ipv4, all.ipv6].concat()),
        (&["--udp"], |all| all.udp.to_vec()),
        (&["-4"], |all| [all.ipv4, all.udp].concat()),
        (&["-6"], |all| all.ipv6.to_vec()),
        (&["--tcp", "-4"], |all| all.ipv4.to_vec()),
        (&["--pid", &pid], |all| vec![all.ipv4[0]]),
        (&["--comm", "other"], |all| vec![all.ipv6[0], all.udp[0]]),
        (&["--port", &port], |all| all.ipv4.to_vec()),
        (&["--addr", "::1"], |all| all.ipv6.to_vec()),
        (&["--addr", "127.0.0.8/29"], |all| all.udp.to_vec()),
        (&["--state", "FIN_WAIT1"], |all| {
            vec![all.ipv4[0], all.ipv6[0]]
        }),
    ];
    let mut watches: Vec<Watch> = cases
        .iter()
        .map(|(arguments, _)| stage.watch(arguments))
        .collect();
    let ipv4 = converse(&mut client, &mut server, &listener);
    let listener = server.listen(ANY6);
    let ipv6 = converse(&mut other, &mut server, &listener);
    let udp = say(&mut other, &mut server);
    // The one that tells everything has told it; the others tell the rest when they are ended.
    watches[0].wait("all to end", |events| {
        let ends = events
            .iter()
            .filter(|event| matches!(event.detail, Detail::TcpClose(..)));
        ends.count() == 4
    });
    for (watch, (arguments, expected)) in watches.into_iter().zip(cases) {
        let expected: BTreeSet<u64> = expected(Scene { ipv4, ipv6, udp })
            .iter()
            .map(|socket| socket.cookie)
            .collect();
        assert_eq!(told(watch), expected, "sockets told with {arguments:?}");
    }
}

/// The cookies of all sockets but listeners.
fn told(watch: Watch) -> BTreeSet<u64> {
    let ended = watch.end_selected();
    let sockets = ended.events.iter().filter_map(|event| event.socket());
    sockets
        .filter(|socket| socket.remote_port.is_some())
        .map(|socket| socket.cookie)
        .collect()
}

fn converse(client: &mut Actor, server: &mut Actor, listener: &Sock) -> [Sock; 2] {
    let near = client.connect(listener.local);
    let far = server.accept(listener);
    client.close(&near);
    server.drain(&far);
    server.close(&far);
    [near, far]
}

fn say(client: &mut Actor, server: &mut Actor) -> [Sock; 2] {
    let mut far = server.socket("udp", ANY4);
    server.bind(&mut far, ([127, 0, 0, 9], 0).into());
    let mut near = client.socket("udp", ANY4);
    client.connect_on(&mut near, far.local).expect("connect");
    client.send(&near, 1);
    server.run(&format!("recv-from {}", far.fd));
    client.close(&near);
    server.close(&far);
    [near, far]
}
