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
REAL = ("bpfd", "bpfd-config", "bpfd-linker", "bpfd-oneshot")


class Rig:
    """A folder of executables: the real supervisor, fakes for the loader and the API."""

    def __init__(self, top, name, loader="", api="", config="", fake=FAKE):
        self.dir = os.path.join(top, name)
        self.root = os.path.join(self.dir, "root")
        self.bin = os.path.join(self.dir, "bin")
        self.proc = None
        os.makedirs(self.bin)
        os.makedirs(os.path.join(self.root, "etc"))
        for real in REAL:
            shutil.copy2(os.path.join(BUILD, real), self.bin)
        for child in ("bpfd-loader", "bpfd-api"):
            shutil.copy2(fake if child == "bpfd-loader" else FAKE, os.path.join(self.bin, child))
        self.tell("bpfd-loader", loader)
        self.tell("bpfd-api", api)
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

    def mounted(self):
        with open("/proc/mounts", encoding="utf-8") as f:
            return self.root in f.read()


def order(tap, top):
    rig = Rig(top, "order", api="procs").start()
    tap.check("is_ready_when_both_children_are", rig.says("bpfd.ready: "), rig.log())
    tap.check("introduces_them_to_each_other",
              rig.says(r"type=LOADER_PEER fds=1") and rig.says(r"type=API_PEER fds=1"), rig.log())
    tap.check("gives_the_loader_configuration_and_bpffs", rig.says(r"type=START_LOADER fds=2"), rig.log())
    tap.check("gives_the_api_its_folder_and_socket",
              rig.says(r"type=START_API fds=2") and rig.says(r"type=LISTENER fds=1"), rig.log())
    starts = re.findall(r"\[(\d+)\]: fake.start: fds=(\S+) environment=(\w+) bounding=(\w+)", rig.log())
    tap.check("children_have_four_descriptors_and_no_environment",
              len(starts) == 2 and all(s[1] == "0,1,2,3" and s[2] == "none" for s in starts), starts)
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
    said = re.findall(r"type=(API_STOP|LOADER_STOP)", rig.log())
    tap.check("stops_the_api_first", said == ["API_STOP", "LOADER_STOP"], said)
    tap.check("leaves_nothing_mounted", not rig.mounted())
    tap.check("leaves_no_socket", not os.path.exists(os.path.join(rig.root, "run/bpfd.sock")))


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
        for part in (order, deaths, hopeless, nonsense, helpers, hanging, reload, sockets, foreign_root):
            part(tap, top)
    tap.done()


main()
