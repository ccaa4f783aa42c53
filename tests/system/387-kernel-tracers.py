#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tracers of what is done to the kernel: bpfd's own part in it, what only the configuration brings, what this kernel lacks."""
import fcntl
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import BUILD, Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402
from eventschema import EventSchema  # noqa: E402

OBJECT = os.path.join(BUILD, "bpf/samples/count.bpf.o")


def own_part(tap, daemon):
    done = daemon.ctl("load", OBJECT)
    tap.check("a program is loaded", done.returncode == 0, done.stderr)

    def loads():
        return [e for e in daemon.events(tracer="bpf", event="prog_load") if e["retval"] >= 0]

    # Others' daemons are at work beside this one, and are not it.
    def own():
        return [e for e in daemon.events(tracer="bpf") if e["ppid"] == daemon.proc.pid]
    wait_for(lambda: any(e["event"] == "prog_load" for e in own()))
    tap.check("and bpf says that bpfd did it, of each call", own() and all(e["self"] for e in own()),
              str([e for e in own() if not e["self"]])[:2000])
    strangers = [e for e in daemon.events(tracer="bpf") if e["self"] and e["ppid"] != daemon.proc.pid]
    tap.check("and of nobody else's", not strangers, str(strangers)[:2000])
    tap.check("which program, and how long it is", all(e["object"] == "program" and e["id"] and e["insns"] for e in loads()),
              str(loads())[:2000])
    subprocess.run(["bpftool", "prog", "load", OBJECT, f"/sys/fs/bpf/bpfd-test-{os.getpid()}"], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        os.unlink(f"/sys/fs/bpf/bpfd-test-{os.getpid()}")
    except OSError:
        pass
    wait_for(lambda: any(e["comm"] == "bpftool" for e in loads()))
    others = [e for e in loads() if e["comm"] == "bpftool"]
    tap.check("and of another's that bpfd did not", others and not any(e["self"] for e in others), str(others)[:2000])


def configuration_alone(tap, daemon):
    done = daemon.ctl("trace", "--tracer", "keyinput", "--duration", "1")
    tap.check("no stream brings keyinput, which is allowed", done.returncode != 0 and "tracers.enabled" in done.stderr, done.stderr)
    name = os.path.join(daemon.dir, "typed.toml")
    daemon.write(name, rule("typed", "keyinput"))
    done = daemon.ctl("rule", "create", name)
    tap.check("and no rule", done.returncode != 0 and "tracers.enabled" in done.stderr, done.stderr)
    tap.check("it is not on, and the list of tracers says why", daemon.tracer("keyinput")["status"] == "denied" and
              "tracers.enabled" in daemon.tracer("keyinput")["reason"], str(daemon.tracer("keyinput")))
    tap.check("so it does of what people type", "tracers.allow_sensitive" in daemon.tracer("bashreadline")["reason"],
              str(daemon.tracer("bashreadline")))


UI_SET_EVBIT, UI_SET_KEYBIT, UI_DEV_SETUP, UI_DEV_CREATE = 0x40045564, 0x40045565, 0x405C5503, 0x5501
EV_KEY, KEY_A, BUS_USB = 1, 30, 3


def keyboard():
    """A device of this test's own, or None where the kernel has none to give."""
    if not os.path.exists("/dev/uinput"):
        subprocess.run(["modprobe", "uinput"], check=False, stderr=subprocess.DEVNULL)
    try:
        fd = os.open("/dev/uinput", os.O_WRONLY)
    except OSError:
        return None
    fcntl.ioctl(fd, UI_SET_EVBIT, EV_KEY)
    fcntl.ioctl(fd, UI_SET_KEYBIT, KEY_A)
    fcntl.ioctl(fd, UI_DEV_SETUP, struct.pack("=HHHH80sI", BUS_USB, 0x1234, 0x5678, 1, b"own keyboard", 0))
    fcntl.ioctl(fd, UI_DEV_CREATE)
    return fd


def typed(tap, daemon):
    """Twenty times a letter: so many are counted, and nothing of which one it was or when is in any event."""
    fd = keyboard()
    if fd is None:
        tap.skip("what is typed is counted", "there is no uinput")
        return

    def counted():
        return [e for e in daemon.events(tracer="keyinput") if e["device"] == "own keyboard"]
    for _ in range(20):
        for pressed in (1, 0):
            os.write(fd, struct.pack("=qqHHi", 0, 0, EV_KEY, KEY_A, pressed) + struct.pack("=qqHHi", 0, 0, 0, 0, 0))
    wait_for(lambda: sum(e["presses"] for e in counted()) >= 20, 15)
    os.close(fd)
    told = counted()
    tap.check("what is typed is counted", (sum(e["presses"] for e in told), sum(e["releases"] for e in told)) == (20, 20),
              str(told)[:2000])
    own = {"device", "presses", "repeats", "releases", "moves", "bus", "vendor", "product"}
    known = set(EventSchema().schema["properties"])
    tap.check("and that is all", all(set(e) - known <= own for e in told), str([set(e) - known - own for e in told])[:2000])


def by_configuration(tap):
    daemon = Events({}, config='[tracers]\nenabled = ["keyinput"]\nallow_sensitive = ["keyinput"]\n'
                    '[actions]\ndefault = ["log"]\n').start()
    daemon.wait_tracer("keyinput", ("on", "partial", "failed"))
    t = daemon.tracer("keyinput")
    tap.check("the configuration brings it, or it says what the kernel lacks", t["wanted_by"] == ["config"] and
              (t["status"] == "on" or t["reason"]), str(t))
    if t["status"] == "on":
        typed(tap, daemon)
    daemon.stop()
    daemon.remove()


def main():
    tap = Tap()
    by_configuration(tap)
    daemon = Events({name: rule(name, name) for name in ("bpf", "mount", "sysadmin", "module", "oom")},
                    config='[tracers]\nallow_sensitive = ["keyinput"]\n')
    daemon.start(tracers=["bpf", "mount", "sysadmin", "module", "oom"])
    module = daemon.tracer("module")
    tap.check("module is on, or says which hook the kernel lacks", module["status"] == "on" or
              "module_load" in module["reason"], str(module))
    configuration_alone(tap, daemon)
    own_part(tap, daemon)
    subprocess.run(["unshare", "-m", "--uts", "sh", "-c", "mount -t tmpfs x /mnt; hostname y; rmmod nothing; dmesg >/dev/null"],
                   check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    e = daemon.wait_event(tracer="mount", event="mount", source="x")
    tap.check("a mount is told", e and e["mounted"] == "/mnt" and e["fstype"] == "tmpfs", str(e))
    e = daemon.wait_event(tracer="sysadmin", call="sethostname")
    tap.check("and a name", e and e["hostname"] == "y", str(e))
    schema = EventSchema()
    wrong = [why for why in map(schema.wrong, daemon.events()) if why]
    tap.check("every line is valid by the schema", len(daemon.events()) > 5 and not wrong, "\n".join(wrong))
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    daemon.remove()
    tap.done()


main()
