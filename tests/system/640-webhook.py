#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what a receiver gets, and what becomes of alerts where it hangs, fails, lies or is somebody else."""
import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess

from daemon import Tap, wait_for
from events import Events, rule
from pki import Pki
from webserver import WebServer

PATIENT = 20    # seconds, for what is there at once on an idle machine
SECRET = "a secret of the test"
QUICK = "retry_ms = 100\nretry_max_ms = 100\nbreaker_after = 100000\nper_minute = 100000\n"


class Rig:
    """A daemon, certificates, and a program whose start is the alert of every instance."""

    def __init__(self, config=""):
        self.bpfd = Events(config=config)
        self.pki = Pki(os.path.join(self.bpfd.dir, "pki"))
        self.cert, self.servers, self.rules = self.pki.server(), {}, 0
        self.name = f"wh{os.getpid()}"
        self.program = os.path.join(self.bpfd.dir, self.name)
        shutil.copy("/bin/true", self.program)
        self.secret = self.file("secret", SECRET + "\n", 0o600)

    def file(self, name, text, mode):
        path = os.path.join(self.bpfd.dir, name)
        self.bpfd.write(path, text)
        os.chmod(path, mode)
        return path

    def hook(self, name, how=(200,), cert=None, more="", host="localhost", plain=False):
        server = WebServer(how, None if plain else cert or self.cert)
        self.servers[name] = server
        text = f'type = "webhook"\nurl = "{server.url(host=host)}"\n{more}{QUICK}'
        self.file(f"etc/actions.d/{name}.toml", text + ("" if plain else f'ca_file = "{self.pki.ca}"\n'), 0o644)
        return server

    def rule(self, names):
        """The program's start is told to these."""
        self.rules += 1
        match = f'{{ field = "comm", op = "eq", values = ["{self.name}"] }}'
        self.file(f"etc/rules/r{self.rules}.toml", rule(f"r{self.rules}", "exec", match, names), 0o644)

    def start(self):
        names = list(self.servers) if not self.rules else []
        for at in range(0, len(names), 8):
            self.rule(names[at:at + 8])
        match = f'{{ field = "comm", op = "eq", values = ["s{self.name}"] }}'
        self.file("etc/rules/seen.toml", rule("seen", "exec", match), 0o644)
        self.file("etc/rules/results.toml", rule("results", "action"), 0o644)
        self.bpfd.start(tracers=("exec",))
        self.wait_for_filter()
        return self

    def wait_for_filter(self):
        """A tracer may be on a moment before the kernel knows what the rules want: until another program is seen."""
        program = os.path.join(self.bpfd.dir, "s" + self.name)
        if not os.path.exists(program):
            shutil.copy("/bin/true", program)

        def seen():
            subprocess.run([program], check=True)
            return self.bpfd.wait_event(0.2, comm="s" + self.name)
        if not wait_for(seen, PATIENT):
            raise RuntimeError("no event is seen: " + self.bpfd.log_text())

    def alert(self):
        subprocess.run([self.program], check=True)

    def results(self, name):
        return [e for e in self.bpfd.events(tracer="action") if e.get("action") == name]

    def says(self, name, words, timeout=PATIENT):
        """A result of the instance that has these words."""
        return wait_for(lambda: any(words in json.dumps(e) for e in self.results(name)), timeout)


def signed(request):
    h = request.headers
    text = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + request.body
    want = base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()).decode()
    return h.get("webhook-signature") == "v1," + want


def formats(tap, rig):
    json_one, cloud, falco, text = (rig.servers[n] for n in ("good", "cloud", "falco", "text"))
    if not tap.check("an_event_reaches_a_server", wait_for(lambda: json_one.requests, PATIENT), rig.bpfd.log_text()):
        print(f"# {rig.bpfd.stats()}")
        tap.done()
    got = json_one.requests[0]
    tap.check("as_its_document", json.loads(got.body)["comm"] == rig.name, got.body)
    tap.check("signed_over_name_time_and_body", signed(got), got.headers)
    tap.check("with_headers_and_a_token_of_the_administrator_s",
              got.headers.get("x-team") == "blue" and got.headers.get("authorization") == "Bearer t0ken", got.headers)
    wait_for(lambda: cloud.requests and falco.requests and text.requests, PATIENT)
    events = json.loads(cloud.requests[0].body)
    tap.check("a_batch_of_cloudevents_is_an_array", isinstance(events, list) and events[0]["specversion"] == "1.0"
              and events[0]["data"]["comm"] == rig.name, events)
    tap.check("of_their_type", cloud.requests[0].headers["content-type"] == "application/cloudevents-batch+json")
    event = json.loads(falco.requests[0].body)
    tap.check("falco_s_format_has_its_fields", {"time", "rule", "priority", "output", "output_fields", "hostname"} <= set(event)
              and event["output_fields"]["proc.name"] == rig.name, event)
    tap.check("a_template_is_filled_in", text.requests[0].body.decode() == f'{{"text": "{rig.name} by r1 \\"quoted\\""}}',
              text.requests[0].body)
    tap.check("what_was_delivered_is_an_event", rig.says("good", "HTTP 200"), rig.results("good"))


def failing(tap, rig):
    for name, what in (("flaky", "answers_500"), ("cut", "cuts_its_answer"), ("garbage", "talks_garbage"), ("flood", "never_ends"),
                       ("gone", "closes_at_once")):
        server = rig.servers[name]
        tap.check(f"a_server_that_{what}_gets_it_again", wait_for(lambda s=server: s.connections >= 2, PATIENT), rig.bpfd.log_text())
        tap.check(f"and_{name}_has_it_then", rig.says(name, "HTTP 200"), rig.results(name))
    ids = {r.headers["webhook-id"] for r in rig.servers["flaky"].requests}
    tap.check("under_the_same_name", len(ids) == 1 and len(rig.servers["flaky"].requests) == 2, ids)
    slow = rig.servers["later"]
    tap.check("one_that_answers_429_is_left_alone", wait_for(lambda: len(slow.requests) == 2, PATIENT), slow.requests)
    tap.check("as_long_as_it_says", slow.requests[1].at - slow.requests[0].at >= 1.0)
    for name in ("hang", "deaf"):
        server = rig.servers[name]
        tap.check(f"one_that_is_{name}_is_given_up_in_time", wait_for(lambda s=server: s.connections >= 2, PATIENT), rig.bpfd.log_text())
        tap.check(f"and_tried_again_{name}", rig.says(name, "HTTP 200"), rig.results(name))


def wrong(tap, rig):
    for name, words in (("name", "no alternative certificate subject name matches"), ("expired", "certificate has expired"), ("stranger", "unable to get local issuer"),
                        ("moved", "redirects are not followed"), ("missing", "it answers 404"), ("nobody", "Connection refused")):
        tap.check(f"{name}_is_told", rig.says(name, words), str(rig.results(name)) + rig.bpfd.log_text())
    tap.check("who_is_not_the_receiver_gets_nothing",
              not any(rig.servers[n].requests for n in ("name", "expired", "stranger")))
    tap.check("what_a_server_refuses_for_ever_is_given_up", rig.says("refuses", "given up"), rig.results("refuses"))
    tap.check("after_one_try", len(rig.servers["refuses"].requests) == 1)
    tap.check("nothing_is_sent_unsigned", "action=unsigned secret_file cannot be read" in rig.bpfd.log_text()
              and not rig.servers["unsigned"].connections, rig.bpfd.log_text())
    stats = rig.bpfd.stats()
    tap.check("what_waits_is_counted", stats["actions.web.waiting"] == 7 and stats["actions.web.retries"] > 6, stats)
    tap.check("what_was_given_up_is_counted", stats["actions.web.dropped"] == 1, stats)
    tap.check("what_came_of_alerts_is_no_alert", "action good is not for events of what actions did" in rig.bpfd.log_text(),
              rig.bpfd.log_text())
    tap.check("no_secret_is_in_the_log", SECRET not in rig.bpfd.log_text() and "t0ken" not in rig.bpfd.log_text())


def confined(tap, rig):
    pid = rig.bpfd.child("bpfd-alert")
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    tap.check("bpfd_alert_has_no_capability", int(status["CapPrm"], 16) == 0 and int(status["CapBnd"], 16) == 0, status)
    tap.check("a_filter", status["Seccomp"] == "2")
    tap.check("an_empty_root", os.listdir(f"/proc/{pid}/root") == [])
    with open(f"/proc/{pid}/environ", "rb") as f:
        environ = f.read()
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        words = f.read()
    tap.check("and_nothing_in_its_arguments_or_environment", words == b"bpfd-alert\0web\0" and not environ, (words, environ))
    held = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    tap.check("no_secret_s_file_is_open", not any("secret" in h or "token" in h for h in held), held)


def restarts(tap):
    """Nobody listens, worker and daemon are killed; then somebody does."""
    rig = Rig()
    server = rig.hook("hook", plain=True, more="timeout_ms = 1000\n")
    port = server.port
    server.stop()
    rig.start()
    for _ in range(5):
        rig.alert()
    tap.check("alerts_wait_while_nobody_listens", wait_for(lambda: rig.bpfd.stats().get("actions.web.waiting") == 5, PATIENT), rig.bpfd.stats())
    pid = rig.bpfd.child("bpfd-alert")
    os.kill(pid, signal.SIGKILL)
    tap.check("a_worker_that_is_killed_comes_back", rig.bpfd.wait_child("bpfd-alert", other_than=pid))
    rig.alert()
    tap.check("and_knows_them", wait_for(lambda: rig.bpfd.stats().get("actions.web.waiting") == 6, PATIENT), rig.bpfd.stats())
    rig.bpfd.proc.kill()
    rig.bpfd.proc.wait()
    rig.bpfd.proc = None
    spool = os.stat(os.path.join(rig.bpfd.dir, "spool", "hook"))
    tap.check("the_spool_is_root_s_alone", spool.st_uid == 0 and spool.st_mode & 0o77 == 0, oct(spool.st_mode))
    late = WebServer((200,), port=port)
    rig.start()
    tap.check("after_a_death_of_all_each_arrives", wait_for(lambda: len(late.requests) >= 6, PATIENT), rig.bpfd.log_text())
    wait_for(lambda: rig.bpfd.stats().get("actions.web.waiting") == 0, PATIENT)
    pids = [json.loads(r.body)["pid"] for r in late.requests]
    tap.check("once", len(pids) == 6 and len(set(pids)) == 6, pids)
    tap.check("in_order", [r.headers["webhook-id"] for r in late.requests]
              == sorted((r.headers["webhook-id"] for r in late.requests), key=lambda i: int(i.split("-")[1])))
    rig.bpfd.stop()


def cut_off(tap):
    rig = Rig("[network]\nconnections = 0\n")
    server = rig.hook("hook")
    rig.start().alert()
    tap.check("where_bpfd_may_connect_to_nobody_it_says_so", rig.says("hook", "network.connections is 0"), rig.bpfd.log_text())
    tap.check("and_connects_to_nobody", not server.connections)
    rig.bpfd.stop()


def main():
    tap = Tap()
    rig = Rig()
    token = rig.file("token", "t0ken", 0o600)
    rig.hook("good", more=f'secret_file = "{rig.secret}"\ntoken_file = "{token}"\nheaders = ["X-Team: blue"]\n')
    rig.hook("cloud", more='format = "cloudevents"\nbatch = 5\ngather_ms = 100\n')
    rig.hook("falco", more='format = "falco"\n')
    rig.hook("text", more="template = '{{{{\"text\": \"{{comm}} by {{rule}} \\\"quoted\\\"\"}}}}'\n".replace("{{", "{").replace("}}", "}"))
    for name, how in (("flaky", 500), ("cut", "cut"), ("garbage", "garbage"), ("flood", "flood"), ("gone", "close"),
                      ("later", (429, {"Retry-After": "1"}))):
        rig.hook(name, (how, 200))
    for name in ("hang", "deaf"):
        rig.hook(name, (name, 200), more="timeout_ms = 300\n")
    rig.hook("name", cert=rig.pki.server(("DNS:other.example",)))
    rig.hook("expired", cert=rig.pki.expired())
    rig.hook("stranger", cert=Pki(os.path.join(rig.bpfd.dir, "pki2"), "another CA").server())
    rig.hook("moved", ((302, {"Location": "https://localhost:1/"}),))
    rig.hook("missing", (404,))
    rig.hook("refuses", (400,))
    rig.hook("nobody").stop()
    rig.hook("unsigned", more=f'secret_file = "{rig.file("open", SECRET, 0o644)}"\n')
    rig.file("etc/rules/circle.toml", rule("circle", "action", actions=("good",)), 0o644)
    rig.start()
    rig.alert()
    formats(tap, rig)
    failing(tap, rig)
    wrong(tap, rig)
    confined(tap, rig)
    rig.bpfd.stop()
    restarts(tap)
    cut_off(tap)
    tap.done()


main()
