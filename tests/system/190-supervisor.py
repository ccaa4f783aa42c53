#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The supervisor alone, with children that die, hang, talk nonsense and break the protocol."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from daemon import BPFD, BUILD, Tap, wait_for

FAKE = os.path.join(BUILD, "tests/component/sup-child")
REAL = ("bpfd", "bpfd-config", "bpfd-linker", "bpfd-oneshot", "bpfd-xdp", "bpfd-connect", "bpfd-fetch", "bpfd-checkpoint")


class Rig:
    """A folder of executables: the real supervisor, fakes for those that run as long as it does."""

    def __init__(self, top, name, loader="", api="", config="", fake=FAKE, enricher="", action=""):
        self.dir = os.path.join(top, name)
        self.root = os.path.join(self.dir, "root")
        self.bin = os.path.join(self.dir, "bin")
        self.proc = None
        os.makedirs(self.bin)
        os.makedirs(os.path.join(self.root, "etc"))
        for real in REAL:
            shutil.copy2(os.path.join(BUILD, real), self.bin)
        for child in ("bpfd-loader", "bpfd-api", "bpfd-enricher", "bpfd-action", "bpfd-alert"):
            shutil.copy2(fake if child == "bpfd-loader" else FAKE, os.path.join(self.bin, child))
        self.tell("bpfd-loader", loader)
        self.tell("bpfd-api", api)
        self.tell("bpfd-enricher", enricher)
        self.tell("bpfd-action", action)
        self.configure(config)

    def tell(self, child, words):
        with open(os.path.join(self.bin, child + ".do"), "w", encoding="ascii") as f:
            f.write(words)

    def configure(self, text):
        with open(os.path.join(self.root, "etc/bpfd.toml"), "w", encoding="ascii") as f:
            f.write(text)

    def command(self, *args):
        return [os.path.join(self.bin, "bpfd"), "--root", self.root, *args]

    def start(self):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.proc = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="backslashreplace") as f:
            return f.read()

    def says(self, pattern, times=1, seconds=10):
        return wait_for(lambda: len(re.findall(pattern, self.log())) >= times, seconds)

    def stop(self, seconds=20):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        return self.proc.wait(seconds)

    def pid(self, child):
        """Of the one that was last ready."""
        return int(re.findall(rf"child.ready: name={child} pid=(\d+)", self.log())[-1])

    def mounted(self):
        with open("/proc/mounts", encoding="utf-8") as f:
            return self.root in f.read()


def order(tap, top):
    rig = Rig(top, "order", api="procs").start()
    tap.check("is_ready_when_its_children_are", rig.says("bpfd.ready: "), rig.log())
    tap.check("introduces_them_to_each_other",
              rig.says(r"type=LOADER_PEER fds=1") and rig.says(r"type=API_PEER fds=1"), rig.log())
    tap.check("gives_the_loader_configuration_and_bpffs", rig.says(r"type=START_LOADER fds=2"), rig.log())
    tap.check("gives_the_api_its_folder_and_socket",
              rig.says(r"type=START_API fds=2") and rig.says(r"type=LISTENER fds=1"), rig.log())
    starts = re.findall(r"\[(\d+)\]: fake.start: fds=(\S+) environment=(\w+) bounding=(\w+)", rig.log())
    tap.check("children_have_four_descriptors_and_no_environment",
              len(starts) == 3 and all(s[1] == "0,1,2,3" and s[2] == "none" for s in starts), starts)
    tap.check("and_a_process_group_of_their_own", all(os.getpgid(int(s[0])) == int(s[0]) for s in starts), starts)
    admin = 1 << 21
    tap.check("no_child_may_get_sys_admin", starts and all(not int(s[3], 16) & admin for s in starts), starts)
    tap.check("answers_what_runs", rig.says(r"name=bpfd running=1") and rig.says(r"name=bpfd-loader running=1")
              and rig.says(r"type=PROC_END"), rig.log())
    second = subprocess.run(rig.command(), capture_output=True, text=True, timeout=10, check=False)
    tap.check("a_second_one_is_refused_with_the_pid_of_the_first",
              second.returncode == 5 and str(rig.proc.pid) in second.stderr, second)
    status = open(f"/proc/{rig.proc.pid}/status", encoding="ascii").read()
    tap.check("holds_no_right_but_setpcap_and_kill",
              "CapEff:\t0000000000000120" in status and "CapPrm:\t0000000000000120" in status, status)
    tap.check("runs_under_a_filter", "Seccomp:\t2" in status, status)
    tap.check("mounts_its_bpffs", rig.mounted())
    tap.check("ends_with_status_0", rig.stop() == 0, rig.log())
    said = re.findall(r"type=(API_STOP|LOADER_STOP|ENRICHER_STOP)", rig.log())
    tap.check("stops_in_the_order_in_which_events_flow", said == ["API_STOP", "LOADER_STOP", "ENRICHER_STOP"], said)
    tap.check("leaves_nothing_mounted", not rig.mounted())
    tap.check("leaves_no_socket", not os.path.exists(os.path.join(rig.root, "run/bpfd.sock")))


def memory(tap, top):
    rig = Rig(top, "memory", config="[restart]\nbackoff_min_ms = 20\nbackoff_max_ms = 50\n").start()
    rig.says("bpfd.ready: ")
    tap.check("gives_the_enricher_ring_and_tables_that_cannot_shrink",
              rig.says(r"fake.memory: ring=writable state=writable shrink=no starts=1"), rig.log())
    tap.check("and_every_reader_s_position_to_look_at",
              re.findall(r"fake.consumer: id=(\d) cursor=readonly", rig.log()) == list("012345678"), rig.log())
    tap.check("gives_the_api_a_ring_that_nobody_can_write_by_it",
              rig.says(r"fake.events: ring=readonly cursor=writable actions=[1-9]\d* starts=1"), rig.log())
    tap.check("gives_the_api_rules", rig.says(r"fake.rules: bytes=\d+"), rig.log())
    for kind in ("LOADER_ENRICHER", "ENRICHER_LOADER", "API_ENRICHER", "ENRICHER_API"):
        tap.check(f"says_{kind}", rig.says(rf"type={kind} fds=1"), rig.log())
    os.kill(rig.pid("bpfd-enricher"), signal.SIGKILL)
    tap.check("a_new_enricher_gets_the_same_memory", rig.says(r"fake.memory: .* starts=2"), rig.log())
    tap.check("and_new_channels_to_the_same_others",
              all(rig.says(rf"type={kind} fds=1", times=2)
                  for kind in ("LOADER_ENRICHER", "ENRICHER_LOADER", "API_ENRICHER", "ENRICHER_API")), rig.log())
    tap.check("others_are_left_alone", len(re.findall(r"type=LOADER_PEER", rig.log())) == 1, rig.log())
    os.kill(rig.pid("bpfd-api"), signal.SIGKILL)
    tap.check("a_new_api_gets_the_same_position", rig.says(r"fake.events: .* starts=2"), rig.log())
    tap.check("and_channels_to_both", rig.says("type=API_ENRICHER", times=3) and rig.says("type=API_PEER", times=2),
              rig.log())
    rig.stop()
    rig = Rig(top, "silent", enricher="silent").start()
    rig.says("child.ready: name=bpfd-api")
    tap.check("is_not_ready_before_the_enricher_is", not rig.says("bpfd.ready: ", seconds=0.5), rig.log())
    tap.check("and_ends_all_the_same", rig.stop() == 0, rig.log())


CLASSES = ("output", "syslog", "exec", "signal", "cgroup")
KILL = 1 << 5


def bounding_of(rig):
    return {c: int(b, 16) for b, c in re.findall(r"bounding=(\w+) argument=(\w+)", rig.log()) if c in CLASSES}


def workers(tap, top):
    short = "[restart]\nbackoff_min_ms = 20\nbackoff_max_ms = 50\n"
    rig = Rig(top, "workers", api="all_classes", config=short).start()
    tap.check("starts_a_worker_for_each_class_that_is_wanted",
              all(rig.says(f"child.ready: name=bpfd-action/{c} ") for c in CLASSES), rig.log())
    tap.check("introduces_each_to_the_enricher", rig.says("type=ENRICHER_ACTION fds=1", times=5)
              and rig.says("type=ACTION_ENRICHER fds=1", times=5), rig.log())
    tap.check("which_reads_the_ring_only", len(re.findall("fake.action: ring=readonly enforce=0", rig.log())) == 5,
              rig.log())
    bounding = bounding_of(rig)
    tap.check("that_may_get_no_right_to_kill", len(bounding) == 5 and not any(b & KILL for b in bounding.values()),
              bounding)
    places = {c: set(re.findall(rf"bpfd-action/{c}\[\d+\]: fake.place: kind=(\d)", rig.log())) for c in CLASSES}
    tap.check("output_gets_standard_output_and_log_folder", places["output"] == {"0", "1", "7"}, places)
    tap.check("signal_gets_proc", places["signal"] == {"2", "7"}, places)
    tap.check("cgroup_gets_proc_and_the_hierarchies", {"2", "7"} < places["cgroup"] <= set("2347"), places)
    tap.check("exec_gets_an_empty_folder_only", places["exec"] == {"7"}, places)
    os.kill(rig.pid("bpfd-action/signal"), signal.SIGKILL)
    tap.check("a_new_worker_goes_on_where_the_old_one_was",
              rig.says(r"bpfd-action/signal\[\d+\]: fake.cursor: cursor=writable starts=2"), rig.log())
    tap.check("and_is_introduced", rig.says("type=ENRICHER_ACTION fds=1", times=6), rig.log())
    rig.tell("bpfd-api", "one_class")
    os.kill(rig.pid("bpfd-api"), signal.SIGKILL)
    tap.check("ends_those_that_are_no_longer_wanted", rig.says("type=ACTION_STOP", times=4), rig.log())
    wait_for(lambda: not [p for p in CLASSES[1:] if os.path.exists(f"/proc/{rig.pid('bpfd-action/' + p)}")])
    ended = len(re.findall("child.ended: name=bpfd-action", rig.log()))
    tap.check("without_counting_it_as_a_death", ended == 1, rig.log())
    tap.check("and_keeps_the_one_that_is", os.path.exists(f"/proc/{rig.pid('bpfd-action/output')}"))
    rig.tell("bpfd-api", "all_classes")
    os.kill(rig.pid("bpfd-api"), signal.SIGKILL)
    tap.check("starts_them_again_when_they_are_wanted", rig.says("child.ready: name=bpfd-action/cgroup ", times=2), rig.log())
    tap.check("ends_them_all", rig.stop() == 0 and len(re.findall("type=ACTION_STOP", rig.log())) == 9, rig.log())
    rig = Rig(top, "enforce", api="all_classes procs", config="[actions]\nallow_enforce = true\n").start()
    rig.says("child.ready: name=bpfd-action", times=5)
    bounding = bounding_of(rig)
    tap.check("with_allow_enforce_those_that_kill_may", [c for c in CLASSES if bounding.get(c, 0) & KILL]
              == ["signal", "cgroup"] and rig.says("fake.action: ring=readonly enforce=1", times=5), bounding)
    rig.stop()
    rig = Rig(top, "wrong-class", api="wrong_class").start()
    tap.check("an_unknown_class_ends_the_api", rig.says("child.refused: name=bpfd-api"), rig.log())
    rig.stop()
    rig = Rig(top, "connects", api="one_class", action="connect").start()
    tap.check("connects_no_worker_to_what_is_not_its_own", rig.says("child.refused: name=bpfd-action/output"), rig.log())
    rig.stop()
    rig = Rig(top, "dying", api="one_class", action="die").start()
    tap.check("a_worker_that_never_comes_up_is_no_reason_to_end",
              rig.says("child.ended: name=bpfd-action/output", times=6) and rig.stop() == 0, rig.log())


def rules(tap, top):
    rig = Rig(top, "rules", api="parse")
    folder = os.path.join(rig.root, "etc/rules")
    os.makedirs(folder)
    with open(os.path.join(folder, "a.toml"), "w", encoding="ascii") as f:
        f.write('tracer = "exec"\nactions = ["stdout"]\n')
    rig.start()
    tap.check("has_rule_files_read", rig.says(r"fake.rules: bytes=[1-9]\d*"), rig.log())
    tap.check("has_a_rule_read_that_the_api_asks_about", rig.says(r"fake.parsed: seq=21 err=0 len=([1-9]\d*) bytes=\1"),
              rig.log())
    first = re.search(r"fake.rules: bytes=(\d+)", rig.log()).group(1)
    with open(os.path.join(folder, "b.toml"), "w", encoding="ascii") as f:
        f.write('tracer = "open"\nactions = ["stdout"]\n')
    rig.proc.send_signal(signal.SIGHUP)
    tap.check("reads_them_again_at_sighup", rig.says(r"fake.rules: bytes=", times=2)
              and int(re.findall(r"fake.rules: bytes=(\d+)", rig.log())[1]) > int(first), rig.log())
    tap.check("starts_the_enricher_again_with_the_same_memory", rig.says(r"fake.memory: .* starts=2"), rig.log())
    rig.says("type=API_ENRICHER", times=2)
    rig.configure("[events]\nring_bytes = 65536\nprocesses = 100000\n")
    with open(os.path.join(folder, "bad.toml"), "w", encoding="ascii") as f:
        f.write("tracer = [[[\n")
    os.chmod(os.path.join(folder, "b.toml"), 0o666)
    rig.proc.send_signal(signal.SIGHUP)
    tap.check("a_bad_file_and_one_that_others_may_write_are_no_reason_to_end",
              rig.says(r"fake.rules: bytes=[1-9]\d*", times=3), rig.log())
    tap.check("says_that_other_sizes_need_a_new_start", rig.says("config.sizes: ")
              and rig.says(r"fake.memory: .* starts=3"), rig.log())
    tap.check("and_ends_with_status_0", rig.stop() == 0, rig.log())


def hurry(tap, top):
    rig = Rig(top, "hurry", api="ignore_stop", enricher="ignore_stop").start()
    rig.says("bpfd.ready: ")
    rig.proc.send_signal(signal.SIGTERM)
    rig.says("type=API_STOP")
    before = time.monotonic()
    tap.check("a_second_sigterm_ends_at_once", rig.stop() == 0 and time.monotonic() - before < 2, rig.log())
    tap.check("and_leaves_nothing_mounted_for_that", not rig.mounted())


def deaths(tap, top):
    rig = Rig(top, "deaths", config="[restart]\nbackoff_min_ms = 20\nbackoff_max_ms = 50\n").start()
    rig.says("bpfd.ready: ")
    rig.tell("bpfd-loader", "die")
    pid = int(re.search(r"child.ready: name=bpfd-loader pid=(\d+)", rig.log()).group(1))
    os.kill(pid, signal.SIGKILL)
    rig.says(r"start_again_in_ms=50", times=2)
    waits = re.findall(r"name=bpfd-loader lived_ms=\d+ start_again_in_ms=(\d+)", rig.log())
    tap.check("waits_longer_after_each_early_death", waits[:4] == ["20", "40", "50", "50"], waits)
    tap.check("says_how_a_child_ended", rig.says("killed by SIGKILL") and rig.says("exit status 9"), rig.log())
    rig.tell("bpfd-loader", "")
    tap.check("introduces_a_new_loader_to_the_same_api", rig.says(r"bpfd-api\[\d+\]: fake.got: type=API_PEER", times=2),
              rig.log())
    tap.check("goes_on_as_before", rig.stop() == 0, rig.log())


def hopeless(tap, top):
    rig = Rig(top, "hopeless", loader="die").start()
    tap.check("gives_up_when_a_child_never_comes_up", rig.proc.wait(15) == 1, rig.log())
    tap.check("says_so", rig.says("start.gave_up: name=bpfd-loader"), rig.log())
    tap.check("leaves_nothing_mounted_then_either", not rig.mounted())
    done = subprocess.run(rig.command("--daemon"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, timeout=15, check=False)
    tap.check("a_daemon_s_starter_hears_of_it", done.returncode == 1, done.returncode)
    rig = Rig(top, "not-a-program", fake=os.path.abspath(__file__)).start()
    tap.check("gives_up_on_what_cannot_be_executed", rig.proc.wait(15) == 1 and rig.says("child.exec: name=bpfd-loader"),
              rig.log())
    os.unlink(os.path.join(rig.bin, "bpfd-api"))
    done = subprocess.run(rig.command(), capture_output=True, text=True, timeout=10, check=False)
    tap.check("names_an_executable_that_is_missing",
              done.returncode == 6 and "name=bpfd-api" in done.stderr, done)


def nonsense(tap, top):
    rig = Rig(top, "nonsense", loader="garbage flood", api="wrong_phase").start()
    tap.check("a_wrong_phase_ends_the_child", rig.says(r"child.refused: name=bpfd-api"), rig.log())
    rig.tell("bpfd-api", "short")
    tap.check("a_cut_message_ends_the_child", rig.says(r"child.refused: name=bpfd-api", times=2), rig.log())
    rig.tell("bpfd-api", "")
    tap.check("and_a_better_one_takes_its_place", rig.says("bpfd.ready: "), rig.log())
    tap.check("escapes_what_a_child_writes", rig.says(r"\\x1b\[31m\\x0d\\x01\n") and "\033" not in rig.log(), rig.log())
    tap.check("cuts_long_lines", rig.says(r"x{1024}\.\.\.\n"))
    tap.check("passes_on_only_so_many_lines", len(re.findall(r": flood\n", rig.log())) < 500)
    tap.check("ends_with_status_0_after_nonsense", rig.stop() == 0)
    tap.check("says_how_many_lines_it_dropped", rig.says(r"log.dropped: lines=2\d\d\d"), rig.log()[-2000:])


def helpers(tap, top):
    rig = Rig(top, "helpers", loader="oneshot linker").start()
    tap.check("hands_over_a_oneshot_s_channel", rig.says(r"type=HELPER_ONESHOT fds=1"), rig.log())
    tap.check("hands_over_a_linker_s_channel_and_arena", rig.says(r"type=HELPER_LINKER fds=2"), rig.log())
    tap.check("tells_of_their_ends", rig.says(r"fake.gone: kind=\d", times=2), rig.log())
    rig.stop()
    rig = Rig(top, "killed", loader="linker keep_helpers kill_helpers").start()
    tap.check("kills_one_when_the_loader_asks", rig.says(r"fake.gone: kind=1 status=9 err=0"), rig.log())
    rig.stop()
    rig = Rig(top, "wrong-helper", loader="wrong_helper").start()
    tap.check("an_unknown_kind_ends_the_loader", rig.says(r"child.refused: name=bpfd-loader"), rig.log())
    rig.stop()
    rig = Rig(top, "many", loader="many_helpers keep_helpers").start()
    tap.check("refuses_more_than_there_is_use_for", rig.says(r"fake.gone: kind=2 status=0 err=-11"), rig.log()[-2000:])
    tap.check("ends_them_all_at_the_end", rig.stop() == 0, rig.log()[-2000:])


def linkers(rig):
    """pid -> seconds of processor time that it may take."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") != os.path.join(rig.bin, "bpfd-linker"):
                continue
            with open(f"/proc/{pid}/limits", encoding="ascii") as f:
                found[int(pid)] = re.search(r"Max cpu time +(\S+)", f.read())[1]
        except (OSError, TypeError):
            continue
    return found


def first_linker(tap, top):
    """It is begun before the configuration is known, and is as that wants it nevertheless."""
    for name, config, seconds, number in (
            ("usual", '[tracers]\nenabled = ["open"]\n', "10", 1),
            ("limited", '[limits]\nlinker_cpu_s = 7\n[tracers]\nenabled = ["open"]\n', "7", 2),
            ("no-tracers", "", "10", 2)):
        rig = Rig(top, "linker-" + name, loader="keep_helpers", config=config).start()
        tap.check(f"{name}_the_loader_gets_the_{'first' if number == 1 else 'second'}_that_was_begun",
                  rig.says(rf"type=HELPER_LINKER fds=2 id={number}\b") and rig.says("bpfd.ready: "), rig.log())
        tap.check(f"{name}_one_is_there_with_its_limit",
                  wait_for(lambda rig=rig, s=seconds: list(linkers(rig).values()) == [s], 10), linkers(rig))
        tap.check(f"{name}_of_another_nobody_hears", not re.search("helper.ended|fake.gone", rig.log()), rig.log())
        rig.stop()
    rig = Rig(top, "linker-none", config="[linker]\nspare = 0\n").start()
    tap.check("without_spare_ones_none_is_there", rig.says("bpfd.ready: ") and wait_for(lambda: not linkers(rig), 10)
              and "HELPER_LINKER" not in rig.log(), linkers(rig))
    rig.stop()
    rig = Rig(top, "linker-refused", config="[nonsense]\n").start()
    tap.check("of_a_daemon_that_does_not_start_none_is_left",
              rig.proc.wait(15) == 3 and not linkers(rig), linkers(rig))
    tap.check("and_nothing_is_said_of_it", "helper.ended" not in rig.log(), rig.log())


def hanging(tap, top):
    rig = Rig(top, "hanging", api="ignore_stop").start()
    rig.says("bpfd.ready: ")
    before = time.monotonic()
    tap.check("ends_though_a_child_does_not", rig.stop() == 0, rig.log())
    tap.check("after_giving_it_some_seconds", 4 < time.monotonic() - before < 8)
    tap.check("says_that_it_was_late", rig.says("stop.late: name=bpfd-api"), rig.log())


def reload(tap, top):
    rig = Rig(top, "reload").start()
    rig.says("bpfd.ready: ")
    rig.configure("[log]\nlevle = 1\n")
    rig.proc.send_signal(signal.SIGHUP)
    tap.check("keeps_the_old_configuration_when_the_new_one_is_wrong",
              rig.says(r"etc/bpfd.toml:2:1: ") and "LOADER_STOP" not in rig.log(), rig.log())
    rig.configure("[log]\nlevel = \"notice\"\n")
    rig.proc.send_signal(signal.SIGHUP)
    tap.check("starts_both_again_with_the_new_one",
              rig.says(r"type=START_LOADER", times=2) and rig.says(r"type=API_PEER", times=2), rig.log())
    tap.check("without_counting_it_as_a_death", "child.ended" not in rig.log(), rig.log())
    rig.stop()


def sockets(tap, top):
    other = os.path.join(top, "other.sock")
    rig = Rig(top, "sockets", config=f'[socket]\ncompat_path = "{other}"\n')
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(other)
    server.listen(64)
    rig.start()
    tap.check("does_not_take_a_living_server_s_socket", rig.proc.wait(15) == 5 and rig.says("another server answers"),
              rig.log())
    tap.check("and_leaves_nothing_of_its_own", not rig.mounted() and os.path.exists(other)
              and not os.path.exists(os.path.join(rig.root, "run/bpfd.sock")))
    server.close()
    rig.start()
    tap.check("replaces_a_dead_server_s_socket", rig.says("bpfd.ready: "), rig.log())
    mode = os.stat(other)
    tap.check("sockets_are_for_root_and_the_group", mode.st_mode & 0o777 == 0o660 and mode.st_uid == 0, oct(mode.st_mode))
    tap.check("offers_both_to_the_api", rig.says(r"type=LISTENER fds=1", times=2), rig.log())
    rig.stop()
    tap.check("removes_both_at_the_end", not os.path.exists(other))
    with open(other, "w", encoding="ascii") as f:
        f.write("mine")
    tap.check("does_not_touch_a_file_that_is_no_socket", rig.start().proc.wait(15) == 1 and os.path.exists(other), rig.log())


def foreign_root(tap, top):
    rig = Rig(top, "foreign")
    elsewhere = os.path.join(top, "elsewhere")
    os.mkdir(elsewhere, 0o755)
    os.symlink(elsewhere, os.path.join(rig.root, "state"))
    os.chmod(rig.root, 0o777)
    done = subprocess.run(rig.command(), capture_output=True, text=True, timeout=10, check=False)
    tap.check("refuses_a_root_that_others_may_write", done.returncode == 1 and "it must be root's" in done.stderr, done)
    os.chmod(rig.root, 0o755)
    os.chown(rig.root, 65534, 65534)
    done = subprocess.run(rig.command(), capture_output=True, text=True, timeout=10, check=False)
    tap.check("refuses_a_root_that_is_another_user_s", done.returncode == 1 and "it must be root's" in done.stderr, done)
    tap.check("touches_nothing_by_way_of_it", os.stat(elsewhere).st_uid == 0 and os.listdir(elsewhere) == [])


def main():
    tap = Tap()
    if not os.path.exists(FAKE) or not os.path.exists(BPFD):
        tap.check("is_built", False, FAKE)
        tap.done()
    with tempfile.TemporaryDirectory(prefix="bpfd-test-") as top:
        os.chmod(top, 0o755)
        for part in (order, memory, workers, rules, hurry, deaths, hopeless, nonsense, helpers, first_linker, hanging, reload, sockets, foreign_root):
            part(tap, top)
    tap.done()


main()
