//! What is printed is read as the same; nothing that is read does harm.

use proptest::{prelude::*, sample::select};

use super::{
    super::{
        condition::{Condition, Interface, Mark},
        host::{Host, Side},
        pattern::Pattern,
        states::{STATE_WORDS, States},
    },
    *,
};

fn op() -> impl Strategy<Value = Op> {
    select(operator::SPELLINGS).prop_map(|(_, op)| op)
}

fn equality() -> impl Strategy<Value = Op> {
    select(vec![Op::Equal, Op::Different])
}

fn side() -> impl Strategy<Value = Side> {
    select(vec![Side::Local, Side::Remote, Side::Either])
}

fn net() -> impl Strategy<Value = ipnet::IpNet> {
    let ipv4 = (any::<std::net::Ipv4Addr>(), 0..=32_u8).prop_map(|(addr, len)| (addr.into(), len));
    let ipv6 = (any::<std::net::Ipv6Addr>(), 0..=128_u8).prop_map(|(addr, len)| (addr.into(), len));
    prop_oneof![ipv4, ipv6]
        .prop_map(|(addr, len): (IpAddr, u8)| ipnet::IpNet::new(addr, len).unwrap())
}

fn host() -> impl Strategy<Value = Host> {
    let family = select(vec![None, Some(Family::Ipv4), Some(Family::Ipv6)]);
    let port = proptest::option::of(any::<u16>());
    (family, proptest::option::of(net()), port).prop_map(|(family, net, port)| Host {
        family: family.filter(|family| match net {
            Some(net) => net.addr().is_ipv4() && *family == Family::Ipv4,
            None => true,
        }),
        net,
        port,
    })
}

fn states() -> impl Strategy<Value = States> {
    let words = select(STATE_WORDS).prop_map(|(_, states)| states);
    let any = proptest::collection::vec((any::<bool>(), words), 0..6);
    any.prop_map(|rows| {
        rows.into_iter().fold(States::NONE, |all, (add, states)| {
            if add {
                all.with(states)
            } else {
                all.without(states)
            }
        })
    })
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let words = [
        "and", "EQ", "tcp", "a b", "\"", "\\", "x,y", "(", "!", "it's", "*",
    ];
    let odd = select(words.to_vec()).prop_map(str::to_owned);
    prop_oneof!["[a-z*.:/-]{1,12}", "\\PC{1,8}", odd].prop_map(Pattern)
}

fn path() -> impl Strategy<Value = Pattern> {
    pattern().prop_map(|Pattern(text)| Pattern(format!("/{}", text.replace('/', "-"))))
}

fn numbers() -> impl Strategy<Value = Condition> {
    let time = any::<u64>().prop_map(Duration::from_nanos);
    let mark = (any::<u32>(), any::<u32>()).prop_map(|(value, mask)| Mark { value, mask });
    prop_oneof![
        (equality(), any::<u32>()).prop_map(|(op, pid)| Condition::Pid(op, pid)),
        (equality(), any::<u32>()).prop_map(|(op, uid)| Condition::User(op, uid)),
        (equality(), any::<u32>()).prop_map(|(op, inode)| Condition::Netns(op, inode)),
        (equality(), any::<u32>()).prop_map(|(op, inode)| Condition::Inode(op, inode)),
        (equality(), any::<u64>()).prop_map(|(op, cookie)| Condition::Cookie(op, cookie)),
        (equality(), mark).prop_map(|(op, mark)| Condition::Mark(op, mark)),
        (op(), time.clone()).prop_map(|(op, time)| Condition::Age(op, time)),
        (op(), time).prop_map(|(op, time)| Condition::Rtt(op, time)),
        (op(), any::<u64>()).prop_map(|(op, bytes)| Condition::Bytes(op, bytes)),
        (side(), op(), any::<u16>()).prop_map(|(side, op, port)| Condition::Port(side, op, port)),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let interface = prop_oneof![
        any::<u32>().prop_map(Interface::Index),
        "[a-z]{1,8}[0-9.@ ]{0,4}".prop_map(Interface::Name),
    ];
    prop_oneof![
        select(vec![Protocol::Tcp, Protocol::Udp]).prop_map(Condition::Protocol),
        select(vec![Family::Ipv4, Family::Ipv6]).prop_map(Condition::Family),
        states().prop_map(Condition::States),
        Just(Condition::Autobound(Fake.automatic_ports())),
        (side(), host()).prop_map(|(side, host)| Condition::Host(side, host)),
        (equality(), pattern()).prop_map(|(op, name)| Condition::Comm(op, name)),
        (equality(), path()).prop_map(|(op, path)| Condition::Exe(op, path)),
        (equality(), path()).prop_map(|(op, path)| Condition::Cgroup(op, path)),
        (equality(), select(vec![How::Accept, How::Io]))
            .prop_map(|(op, how)| Condition::How(op, how)),
        (equality(), interface).prop_map(|(op, interface)| Condition::Interface(op, interface)),
        numbers(),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = condition().prop_map(Expr::from);
    leaf.prop_recursive(6, 40, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(one, other)| one.and(other)),
            pair.prop_map(|(one, other)| one.or(other)),
            inner.prop_map(Expr::negated),
        ]
    })
}

/// Words of the language in any order, and what else there is.
fn anything() -> impl Strategy<Value = String> {
    let mut words = vec![
        "(", ")", "!", "not", "and", "or", "=", "!=", ">", "\"", "'", ",", ":", "[", "]", "/",
    ];
    words.extend(KEYS.iter().map(|key| key.name));
    words.extend(KEYS.iter().map(|key| key.example));
    words.extend(["443", "10.0.0.0/8", "established", "1s", "::", "ß"]);
    let word = prop_oneof![4 => select(words).prop_map(str::to_owned), 1 => "\\PC{0,6}", 1 => any::<String>()];
    proptest::collection::vec((word, select(vec!["", " "])), 0..24).prop_map(|words| {
        let words = words.into_iter().map(|(word, blank)| word + blank);
        words.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_printed_is_read_as_the_same(expr in expr()) {
        let filter = Filter::from(expr);
        let shown = filter.to_string();
        match Filter::parse(&shown, &Fake) {
            Ok(read) => prop_assert_eq!(read, filter, "{}", shown),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn nothing_harms_the_parser(text in anything()) {
        match Filter::parse(&text, &Fake) {
            Ok(filter) => prop_assert_eq!(&parsed(&filter.to_string()), &filter),
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.span.start));
                prop_assert!(text.is_char_boundary(error.span.end));
                let shows_escapes = error.to_string().contains(char::from(27));
                prop_assert!(!shows_escapes);
            }
        }
    }
}

#[test]
fn depth_is_bounded_and_length_is_not() {
    let open = "(".repeat(100_000);
    for text in [open.clone(), open.clone() + "tcp" + &")".repeat(100_000)] {
        let error = Filter::parse(&text, &Fake).unwrap_err();
        assert!(
            error.fault.explanation.contains("more than 64"),
            "{}",
            error.fault
        );
    }
    assert!(Filter::parse(&"not ".repeat(100_000), &Fake).is_err());
    assert_eq!(parsed(&("not ".repeat(100_001) + "tcp")), parsed("not tcp"));
    let alternating = "tcp and tcp or ".repeat(100) + "tcp";
    assert!(Filter::parse(&alternating, &Fake).is_err());
    assert!(Filter::parse(&("tcp or ".repeat(100_000) + "tcp"), &Fake).is_ok());
}
