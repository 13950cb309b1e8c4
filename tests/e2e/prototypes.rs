//! What `PROBES` says of the kernel is what this kernel's BTF says.

use btf_rs::{Btf, Struct, Type};
use netwatch::{Hook, PROBES, Probe};

use crate::harness::stage::say;

/// A name with what stands in parentheses behind it.
type Prototype = (String, Vec<String>);

fn parsed(prototype: &str) -> Prototype {
    let (name, rest) = prototype.split_once('(').expect(prototype);
    let names = rest.strip_suffix(')').expect(prototype).split(", ");
    (name.to_owned(), names.map(ToOwned::to_owned).collect())
}

fn types(btf: &Btf, name: &str) -> Vec<Type> {
    btf.resolve_types_by_name(name).unwrap_or_default()
}

/// The names of a function's parameters.
fn parameters(btf: &Btf, function: &str) -> Option<Vec<String>> {
    let mut found = types(btf, function).into_iter();
    let function = found.find_map(|found| match found {
        Type::Func(function) => Some(function),
        _ => None,
    })?;
    let Ok(Type::FuncProto(prototype)) = btf.resolve_chained_type(&function) else {
        panic!("a function without a prototype");
    };
    let names = prototype.parameters.iter();
    Some(
        names
            .map(|name| btf.resolve_name(name).unwrap_or_default())
            .collect(),
    )
}

fn aggregate(btf: &Btf, name: &str) -> Option<Struct> {
    types(btf, name).into_iter().find_map(|found| match found {
        Type::Struct(found) => Some(found),
        _ => None,
    })
}

/// The names of a struct's fields, each of which may be a union of its own (`__bpf_md_ptr`).
fn fields(btf: &Btf, name: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for member in &aggregate(btf, name)?.members {
        let name = btf.resolve_name(member).unwrap_or_default();
        match btf.resolve_chained_type(member) {
            Ok(Type::Union(inner)) if name.is_empty() => {
                let inner = inner.members.iter();
                let inner = inner.map(|member| btf.resolve_name(member).unwrap_or_default());
                names.extend(inner.filter(|name| !name.is_empty()));
            }
            _ => names.push(name),
        }
    }
    Some(names)
}

fn is_attach_type(btf: &Btf, name: &str) -> bool {
    types(btf, "bpf_attach_type").into_iter().any(|found| {
        let Type::Enum(found) = found else {
            return false;
        };
        let mut members = found.members.iter();
        members.any(|member| btf.resolve_name(member).is_ok_and(|member| member == name))
    })
}

/// The struct of a classic tracepoint's record: its own, or that of a class of tracepoints.
fn record_of(tracepoint: &str) -> &str {
    match tracepoint {
        "tcp_destroy_sock" => "tcp_event_sk",
        own => own,
    }
}

/// What this kernel has in place of a form of a probe's prototype; None where it has nothing of the name.
fn found(btf: &Btf, probe: &Probe, (name, context): &Prototype) -> Option<Prototype> {
    let names = match probe.hook {
        // What the tracepoint calls, with a pointer for its own use in front; since 5.10.
        Hook::BtfTracepoint(_) => {
            let names = parameters(btf, &format!("__traceiter_{name}"))?;
            names.into_iter().skip(1).collect()
        }
        // What the record has beside may differ.
        Hook::Tracepoint(_) => {
            let names = fields(btf, &format!("trace_event_raw_{}", record_of(name)))?.into_iter();
            names.filter(|name| context.contains(name)).collect()
        }
        Hook::Entry(_) | Hook::Exit(_) | Hook::KernelProbe(_) | Hook::Return(_) => {
            parameters(btf, name)?
        }
        Hook::Iterator(_) => fields(btf, &format!("bpf_iter__{name}"))?,
        Hook::Cgroup | Hook::CgroupEgress | Hook::CgroupIngress => {
            let is_there = is_attach_type(btf, name) && aggregate(btf, &context[0]).is_some();
            is_there.then(|| context.clone())?
        }
    };
    Some((name.clone(), names))
}

/// Each prototype has the name of its hook, and one of its forms is what the kernel has. What the kernel lacks
/// altogether must be something that netwatch can do without, and is said.
#[test]
fn every_program_s_prototype_is_the_kernel_s() {
    let btf = Btf::from_file("/sys/kernel/btf/vmlinux").expect("the kernel's BTF");
    for probe in PROBES {
        let forms: Vec<Prototype> = probe.prototype.split(" | ").map(parsed).collect();
        let (name, _) = &forms[0];
        assert!(forms.iter().all(|(other, _)| other == name), "{probe:?}");
        match probe.hook {
            Hook::BtfTracepoint(hook)
            | Hook::Entry(hook)
            | Hook::Exit(hook)
            | Hook::KernelProbe(hook)
            | Hook::Return(hook)
            | Hook::Iterator(hook) => assert_eq!(hook, name, "{probe:?}"),
            Hook::Tracepoint(hook) => {
                let (_, hook) = hook.split_once('/').expect("a category and a name");
                assert_eq!(hook, name, "{probe:?}");
            }
            Hook::Cgroup | Hook::CgroupEgress | Hook::CgroupIngress => {}
        }
        match found(&btf, probe, &forms[0]) {
            Some(found) => assert!(forms.contains(&found), "{found:?} is none of {forms:?}"),
            None if probe.required => panic!("this kernel has no {name}"),
            None => say("absent", &format!("{} stands on {name}", probe.program)),
        }
    }
}

/// A kernel with another prototype would be noticed.
#[test]
fn another_prototype_is_told_apart() {
    let btf = Btf::from_file("/sys/kernel/btf/vmlinux").expect("the kernel's BTF");
    let probe = PROBES.iter().find(|probe| probe.program == "tcp_state");
    let probe = probe.expect("it has its row");
    let changed = parsed("inet_sock_set_state(sk, newstate, oldstate)");
    let kernel = found(&btf, probe, &changed).expect("it is there");
    assert_ne!(kernel, changed);
    assert_eq!(kernel, parsed(probe.prototype));
}
