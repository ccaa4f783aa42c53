#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What programs in a container do reaches a webhook, Slack and a mailbox, also when nobody listens there for a while and bpfd and
its workers are killed meanwhile: everything arrives, and no message more often than it had to be sent again for a kill."""
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402
from killer import worker  # noqa: E402
from mailserver import Smtp  # noqa: E402
from pki import Pki  # noqa: E402
from webserver import WebServer  # noqa: E402

MARK = f"mark-655-{os.getpid()}-"
QUICK = "gather_ms = 1\nretry_ms = 20\nretry_max_ms = 100\nbreaker_after = 1000\nper_minute = 100000\n"
CONFIG = "[restart]\nbackoff_min_ms = 1\nbackoff_max_ms = 10\n"
DOWN, LIVE, KILLS = 30, 40, 5     # programs while nobody listens, and while somebody does
LOOP = "i={0}; while [ $i -lt {1} ]; do /bin/true {2}$i-; i=$((i+1)); sleep 0.02; done"


class Receivers:
    """Three of them, each at its port for as long as this runs."""

    def __init__(self, pki):
        cert = pki.server()
        self.smtp = Smtp("starttls", cert).start()
        self.web, self.slack = WebServer(cert=cert), WebServer()
        self.cert, self.ports = cert, (self.web.port, self.slack.port)
        self.url, self.ca = self.web.url(), pki.ca
        self.gone = []

    def actions(self):
        tls = f'ca_file = "{self.ca}"\n'
        return {"hook": f'type = "webhook"\nurl = "{self.url}"\nbatch = 5\n{QUICK}{tls}',
                "chat": f'type = "slack"\nurl = "http://localhost:{self.ports[1]}/services/T/B/X"\nchannel = "#x"\n{QUICK}',
                "mail": f'type = "email"\nserver = "localhost"\nport = {self.smtp.port}\nfrom = "bpfd@example.com"\n'
                        f'to = ["oncall@example.com"]\nrule_per_hour = 100000\n{QUICK}{tls}'}

    def down(self):
        self.smtp.stop()
        for server in (self.web, self.slack):
            server.stop()
            self.gone.append(server)

    def up(self):
        self.smtp.start()
        self.web, self.slack = WebServer(cert=self.cert, port=self.ports[0]), WebServer(port=self.ports[1])

    def messages(self):
        """name -> the texts that came, the oldest first."""
        return {"hook": [b.decode() for b in self.web.bodies()], "chat": [b.decode() for b in self.slack.bodies()],
                "mail": [m.text for m in self.smtp.mails]}


def numbers(text):
    return {int(n) for n in re.findall(MARK + r"(\d+)-", text)}


def again(texts):
    """Messages with something that an earlier one had."""
    seen, n = set(), 0
    for text in texts:
        n += bool(numbers(text) & seen)
        seen |= numbers(text)
    return n


def arrived(receivers, wanted):
    return all(set().union(*map(numbers, texts)) >= wanted for texts in receivers.messages().values())


def missing(receivers, wanted):
    return {k: (len(texts), sorted(wanted - set().union(*map(numbers, texts)))) for k, texts in receivers.messages().items()}


def waiting(daemon):
    stats = daemon.stats()
    return stats.get("actions.web.waiting", 0), stats.get("actions.mail.waiting", 0)


def in_container(first, end):
    box = containers.Container(["sh", "-c", LOOP.format(first, end, MARK)])
    return box.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_workers(daemon):
    for name in ("web", "mail"):
        pid = worker(daemon, name)
        if pid:
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: worker(daemon, name) not in (None, pid), 5)      # pylint: disable=cell-var-from-loop


def while_nobody_listens(tap, daemon, receivers):
    receivers.down()
    box = in_container(0, DOWN)
    for _ in range(KILLS):
        time.sleep(0.1)
        kill_workers(daemon)
    box.wait()
    box.remove()
    tap.check("while nobody listens everything waits, whatever is killed", wait_for(lambda: waiting(daemon) == (2 * DOWN, DOWN), 20),
              str(waiting(daemon)) + daemon.log_text()[-2000:])
    daemon.proc.kill()
    daemon.proc.wait()
    daemon.start(tracers=["exec"])
    tap.check("also when bpfd is killed", wait_for(lambda: waiting(daemon) == (2 * DOWN, DOWN), 10),
              str(waiting(daemon)) + daemon.log_text()[-2000:])
    receivers.up()
    tap.check("it arrives when they listen again", wait_for(lambda: arrived(receivers, set(range(DOWN))), 20),
              str(missing(receivers, set(range(DOWN)))) + daemon.log_text()[-2000:])
    repeats = {k: again(v) for k, v in receivers.messages().items()}
    tap.check("once", not any(repeats.values()), str(repeats))


def while_they_listen(tap, daemon, receivers):
    wanted = set(range(1000, 1000 + LIVE))
    box = in_container(1000, 1000 + LIVE)
    for _ in range(KILLS):
        time.sleep(0.1)
        kill_workers(daemon)
    box.wait()
    box.remove()
    tap.check("while workers that send are killed nothing is lost", wait_for(lambda: arrived(receivers, wanted), 20),
              str(missing(receivers, wanted)) + daemon.log_text()[-2000:])
    repeats = {k: again(v) for k, v in receivers.messages().items()}
    tap.check("and no more is sent again than a message for a kill", all(n <= KILLS for n in repeats.values()), str(repeats))
    print(f"# messages sent again for {KILLS} kills: {repeats}")


def contents(tap, receivers):
    got = receivers.messages()
    events = [e for body in got["hook"] for e in json.loads(body)]
    tap.check("the webhook's events are of the container", events and all(e.get("container") for e in events), str(events[:1]))
    chats = [json.loads(t) for t in got["chat"]]
    tap.check("Slack's messages are what its webhooks take", chats and all(
        c["channel"] == "#x" and 1 <= len(c["attachments"]) <= 20 and "```" in c["attachments"][0]["text"] for c in chats), got["chat"][:1])
    tap.check("the mails say which container", all("Container:  " in t for t in got["mail"]), str(got["mail"][:1]))


def main():
    tap = Tap()
    if containers.missing():
        tap.skip("alerts survive", containers.missing())
        tap.done()
    pki = Pki(f"/tmp/bpfd-test-655-{os.getpid()}")
    receivers = Receivers(pki)
    match = f'{{ field = "args", op = "contains", values = ["{MARK}"] }}, {{ field = "comm", op = "eq", values = ["true"] }}'
    daemon = Events({"seen": rule("seen", "exec", match, ("hook", "chat", "mail"))}, config=CONFIG, actions=receivers.actions())
    try:
        daemon.start(tracers=["exec"])
        while_nobody_listens(tap, daemon, receivers)
        while_they_listen(tap, daemon, receivers)
        contents(tap, receivers)
    finally:
        daemon.stop()
        daemon.remove()
        subprocess.run(["rm", "-rf", pki.dir], check=True)
    tap.done()


main()
