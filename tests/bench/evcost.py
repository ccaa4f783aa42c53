# SPDX-License-Identifier: Apache-2.0
"""What events cost: P1 to P7, P16, P18, P19."""
import os
import time

from evbase import (BUILD, COMM, FILE, Bpfd, Command, Nothing, bench_program, cpu_ns, generate, go, installed, pss_kib, rule,
                    rules, warm_memory)

BPFTRACE = """tracepoint:syscalls:sys_enter_openat /comm == "COMM"/ { @f[tid] = args->filename }
tracepoint:syscalls:sys_exit_openat /@f[tid]/ { printf("%d %s %d %s\\n", pid, comm, args->ret, str(@f[tid])); delete(@f[tid]) }
""".replace("COMM", COMM)
BPFTRACE_EXEC = """tracepoint:sched:sched_process_exec { printf("%d %s\\n", pid, str(args->filename)) }
tracepoint:sched:sched_process_exit { printf("%d ended\\n", pid) }
"""
DEFAULTS = ["bashreadline", "exec", "open", "openbreakout", "tcpdrop"]
WATCH = ("[tracers]\nenabled = [" + ", ".join(f'"{t}"' for t in DEFAULTS) +
         "]\nallow_sensitive = [\"bashreadline\"]\n")


def measure(subject, generator_argv, mark=FILE):
    """One run: turns, the generator's CPU for one, delivered, the subject's CPU, PSS."""
    generator = generate(*generator_argv)
    try:
        subject.begin(generator.pid)
        warm_memory()
        before = cpu_ns(subject.pids())
        n, ns, own = go(generator)
        pids = subject.pids()
        pss = pss_kib(pids)
        time.sleep(0.2)
        used = cpu_ns(pids) - before
        delivered = subject.delivered(mark)
        return {"n": n, "ns": own / n, "per_s": n / ns * 1e9, "delivered": delivered, "pss": pss, "cpu": used,
                "lost": subject.lost() if isinstance(subject, Bpfd) else {}}
    finally:
        if generator.poll() is None:
            generator.kill()
            generator.wait()
        subject.end()


def opens(figures, args):
    """P1 to P5: the pinned loop at full speed."""
    subjects = [
        Nothing(),
        Bpfd("bpfd", [rule()]),
        Bpfd("bpfd, linger 0.2 ms", [rule()], 200),
        Bpfd("bpfd, JSON", [rule(action="log")]),
        Bpfd("bpfd, filtered by comm", [rule(value="nobody")]),
        Bpfd("bpfd, filtered by path", [rule(field="path", op="pathprefix", value="/nowhere/at/all")]),
        *installed([Command("least", [os.path.join(BUILD, "tests/bench/least"),
                                      os.path.join(BUILD, "tests/bench/least.bpf.o"), COMM], 1),
                    Command("bpftrace", ["bpftrace", "-B", "full", "-e", BPFTRACE], 3.5),
                    Command("opensnoop", ["opensnoop", "-n", COMM], 1),
                    Command("perf trace", ["perf", "trace", "-e", "openat", "-p", "@PID@", "-o", "@OUT@"], 1,
                            "openat(")]),
    ]
    base = None
    for s in subjects:
        r = measure(s, ["openloop", args.seconds, FILE])
        base = base or r["ns"]
        figures.add("P1", "opens per second", s.name, "1/s", r["per_s"])
        figures.add("P3", "added to an open and close", s.name, "ns", r["ns"] - base, "<= 600")
        figures.add("P3", "slowed down", s.name, "%", 100 * r["ns"] / base, "<= 130")
        if s.name == "nothing":
            continue
        if "filtered" in s.name:
            figures.add("P5", "consumer's CPU for a rejected open", s.name, "ns", r["cpu"] / r["n"], "0")
            continue
        figures.add("P1", "delivered", s.name, "%", 100 * r["delivered"] / r["n"], "100")
        for stage, n in r["lost"].items():
            figures.add("P1", f"lost {stage}", s.name, "%", 100 * n / r["n"], "0")
        if r["lost"]:
            figures.add("P1", "opens not accounted for", s.name, "", r["n"] - r["delivered"] - sum(r["lost"].values()), "0")
        figures.add("P16", "PSS under load", s.name, "MiB", r["pss"] / 1024, "<= 14")
        if r["delivered"]:
            cpu = r["cpu"] / r["delivered"]
            figures.add("P2", "consumer's CPU for a delivered open", s.name, "ns", cpu, "<= 400")
            figures.add("P4", "all CPU for a delivered open", s.name, "ns", cpu + r["ns"] - base, "<= 1000")


def execs(figures, args):
    """P6: spawn, exec and end, of what a storm of shells is made of, and of the least that can be: a static program."""
    for what, program in (("true", bench_program("true", "/bin/true")), ("least", bench_program("nothing"))):
        storm(figures, args, what, program)


def storm(figures, args, what, program):
    both = [rule(name=t, tracer=t, field="comm", op="eq", value=COMM) for t in ("exec", "exit")]
    subjects = [Nothing(), Bpfd("bpfd, exec and exit", both, wait=("exec", "exit")),
                *installed([Command("execsnoop", ["execsnoop", "-n", COMM], 1, COMM),
                            Command("bpftrace, exec and exit", ["bpftrace", "-B", "full", "-e", BPFTRACE_EXEC], 3)])]
    base = None
    for s in subjects:
        r = measure(s, ["execloop", args.seconds, program], COMM)
        base = base or r["ns"]
        figures.add("P6", f"spawn, exec and exit, CPU: {what}", s.name, "us", r["ns"] / 1e3)
        figures.add("P6", f"slowed down: {what}", s.name, "%", 100 * r["ns"] / base, "<= 102")
        if s.name != "nothing":
            figures.add("P6", f"consumer's CPU for one: {what}", s.name, "us", r["cpu"] / r["n"] / 1e3, "<= 10")
            figures.add("P6", f"lines for one: {what}", s.name, "", r["delivered"] / r["n"])


def many_rules(figures, args):
    """P7: 20,000 opens a second."""
    for n in (1, 100, 1000, 10000):
        s = Bpfd(f"bpfd, {n:,} rules", rules(n))
        r = measure(s, ["openloop", args.seconds, FILE, 20])
        figures.add("P7", "consumer's CPU at 20k opens/s", s.name, "ns", r["cpu"] / max(r["delivered"], 1), "<= 1.2x")
        figures.add("P7", "delivered", s.name, "%", 100 * r["delivered"] / r["n"], "100")


def others(figures, args):
    """P18: a system call that nobody asked for."""
    every = '[tracers]\nenabled = ["*"]\nallow_sensitive = ["bashreadline"]\n'
    base = None
    for s in (Nothing(), Bpfd("bpfd daemon's tracers", config=WATCH, wait=DEFAULTS),
              Bpfd("bpfd, all tracers", config=every, wait=("cgroup", "filetop"))):
        r = measure(s, ["sysloop", args.seconds])
        base = base or r["ns"]
        figures.add("P18", "getppid", s.name, "ns", r["ns"])
        figures.add("P18", "added to getppid", s.name, "ns", r["ns"] - base, "")


def two_producers(figures, args):
    """P19: a second processor makes as many events, not the same number.  The first has no consumer."""
    for s in (Nothing(), Bpfd("bpfd, filtered by path", [rule(field="path", op="pathprefix", value="/nowhere/at/all")])):
        try:
            s.begin()
            rates = []
            for cpus in ((0,), (0, 1)):
                loops = [generate("openloop", args.seconds, FILE + str(c), cpu=c) for c in cpus]
                for c in cpus:
                    with open(FILE + str(c), "wb"):
                        pass
                for g in loops:
                    g.stdin.write("\n")
                    g.stdin.flush()
                done = [g.communicate()[0].split() for g in loops]
                rates.append(sum(int(n) / int(ns) * 1e9 for n, ns, _ in done))
            figures.add("P19", "two producers against one", s.name, "x", rates[1] / rates[0], ">= 1.8")
        finally:
            s.end()


assert BUILD
