#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts by mail: over STARTTLS and TLS with a password, by LMTP, as a digest, and to servers that refuse."""
import json
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, children_of, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402
from mailserver import Lmtp, Smtp  # noqa: E402
from pki import Pki  # noqa: E402

PASSWORD = "correct horse battery staple"
MARK = f"mark-650-{os.getpid()}-"
QUICK = "gather_ms = 1\nretry_ms = 50\nretry_max_ms = 200\nbreaker_after = 100\nper_minute = 10000\n"


def action(port, to=("oncall@example.com",), more="", server="localhost"):
    text = f'type = "email"\nserver = "{server}"\nfrom = "bpfd@example.com"\nto = {json.dumps(list(to))}\n{QUICK}{more}'
    return text + (f"port = {port}\n" if port else "")


def mail_rule(name, to):
    """true with the name in an argument: what is cut of others' long ones might have it."""
    match = f'{{ field = "args", op = "contains", values = ["{MARK}{name}"] }}, {{ field = "comm", op = "eq", values = ["true"] }}'
    return rule(name, "exec", match, (to,), 'severity = "high"')


def happen(name, more=""):
    subprocess.run(["/bin/true", MARK + name + more], check=True)


class Mailing(Events):
    """actions: name to text; each has a rule of its name.  All results of actions are logged."""

    def __init__(self, actions, config=""):
        rules = {name: mail_rule(name, name) for name in actions}
        rules["told"] = rule("told", "action")
        super().__init__(rules, config=config, actions=actions)

    def secret(self, name, text=PASSWORD):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(text + "\n")
        return path

    def told(self, name, text="", outcome=None):
        return [e for e in self.events(tracer="action", action=name) if text in e.get("text", "") and
                outcome in (None, e.get("outcome"))]

    def everywhere(self, text):
        """Where of this bpfd's processes and files the text is to be seen."""
        found = []
        for pid in [self.proc.pid, *children_of(self.proc.pid)]:
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    if text.encode() in f.read():
                        found.append(f"{pid} {name}")
        for folder, _, files in os.walk(self.dir):
            for name in files:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not path.startswith(self.bpffs) and not name.startswith("secret"):
                    with open(path, "rb") as f:
                        if text.encode() in f.read():
                            found.append(path)
        return found


def submission(tap, pki):
    cert = pki.server()
    users = {"bpfd": PASSWORD}
    servers = {"starttls": Smtp("starttls", cert, users).start(), "tls": Smtp("tls", cert, users).start(),
               "plain": Smtp().start(), "password": Smtp("starttls", cert, {"bpfd": "another"}).start(),
               "wrongname": Smtp("starttls", pki.server(["DNS:other.example.com"])).start(),
               "notls": Smtp().start()}
    actions, daemon = {}, Mailing({name: "" for name in servers})
    for name, server in servers.items():
        login = f'user = "bpfd"\nsecret_file = "{daemon.secret("secret-" + name)}"\n' if server.users or name == "notls" else ""
        tls = "none" if name == "plain" else "tls" if name == "tls" else "starttls"
        actions[name] = action(server.port, more=f'tls = "{tls}"\nca_file = "{pki.ca}"\n{login}')
        daemon.write(os.path.join(daemon.dir, "etc", "actions.d", name + ".toml"), actions[name])
    daemon.start(tracers=["exec"])
    for name in servers:
        happen(name, "\r\nBcc: evil@example.com\r\n.\r\nQUIT\r\n")
    for name in ("starttls", "tls", "plain"):
        server = servers[name]
        wait_for(lambda: server.mails, 10)      # pylint: disable=cell-var-from-loop
        got = server.mails[0] if server.mails else None
        tap.check(f"{name}: the mail arrives", bool(got) and f"Rule:       {name}" in got.text and "Severity:   high" in got.text,
                  f"{got} {daemon.told(name)} {daemon.log_text()[-2000:]}")
        if not got:
            continue
        tap.check(f"{name}: from whom, to whom", got.sender == "bpfd@example.com" and got.to == ["oncall@example.com"] and
                  got.mail["To"] == "oncall@example.com", str(got))
        tap.check(f"{name}: nothing in an event is a header or a command", got.mail["Bcc"] is None and
                  "Bcc: evil@example.com\\r\\n.\\r\\nQUIT" in got.text, got.text)
        if name != "plain":
            tap.check(f"{name}: encrypted, by who logged in", got.tls and got.login == "bpfd", str(got))
        tap.check(f"{name}: which is an event", wait_for(lambda: daemon.told(name, outcome="done")), str(daemon.told(name)))
    for name, word in (("password", "535"), ("wrongname", "certificate"), ("notls", "STARTTLS")):
        tap.check(f"{name}: said why not, and it is kept", wait_for(lambda: daemon.told(name, word, "failed")) and  # pylint: disable=cell-var-from-loop
                  not servers[name].mails, str(daemon.told(name)) + daemon.log_text()[-2000:])
    tap.check("the password is nowhere to be seen", not daemon.everywhere(PASSWORD), str(daemon.everywhere(PASSWORD)))
    stats = daemon.stats()
    tap.check("and those that wait are counted", stats.get("actions.mail.waiting") == 3, str(stats))
    # What was wrong is mended: the server lets it in.
    servers["password"].users["bpfd"] = PASSWORD
    tap.check("password: what is mended at the server lets it through", wait_for(lambda: servers["password"].mails, 10),
              str(daemon.told("password")))
    daemon.stop()
    daemon.remove()
    for server in servers.values():
        server.stop()


def refusing(tap):
    """A server that refuses a recipient, and one that refuses a message for what is in it."""
    bad = MARK + "content-bad"

    def answer(step, what):
        if step == "RCPT" and what == "gone@example.com":
            return "550 5.1.1 no such user"
        if step == "RCPT" and what == "busy@example.com" and len(server.mails) < 1:
            return "450 4.2.1 mailbox busy"
        if step == "DATA" and bad.encode() in what:
            return "554 5.6.0 not such a thing"
        return None

    server = Smtp(answer=answer).start()
    to = ("here@example.com", "gone@example.com", "busy@example.com")
    daemon = Mailing({"several": action(server.port, to, 'tls = "none"\n'),
                      "content": action(server.port, more='tls = "none"\nrule_per_hour = 1000\n')})
    daemon.start(tracers=["exec"])
    happen("several")
    wait_for(lambda: len(server.mails) == 2, 10)
    time.sleep(0.3)
    tap.check("each recipient gets it once, however often one is tried again", sorted(a for m in server.mails for a in m.to) ==
              ["busy@example.com", "here@example.com"], str([m.to for m in server.mails]))
    tap.check("and who was refused is said", daemon.told("several", "550 5.1.1 no such user"), str(daemon.told("several")))
    del server.mails[:]
    happen("content", "-good")
    happen("content", "-bad")
    happen("content", "-good")
    wait_for(lambda: len(server.mails) == 2 and daemon.told("content", "given up"), 10)
    tap.check("what is refused for good is given up, and said", daemon.told("content", "554 5.6.0 not such a thing", "failed"),
              str(daemon.told("content")))
    tap.check("the others arrive", sum(m.text.count("content-good") for m in server.mails) >= 2, str([m.text for m in server.mails]))
    daemon.stop()
    daemon.remove()
    server.stop()


def local(tap):
    """LMTP, where each recipient is answered for, at a port and at a socket."""
    port = Lmtp(lambda address, times: "451 4.3.0 busy" if address.startswith("b") and times < 3 else
                "550 5.1.1 no such user" if address.startswith("c") else None)
    path = f"/tmp/bpfd-test-650-{os.getpid()}.sock"
    sock = Lmtp(path=path)
    daemon = Mailing({"port": action(port.port, ("a@example.com", "b@example.com", "c@example.com"), 'protocol = "lmtp"\n'),
                      "socket": action(0, more='protocol = "lmtp"\n', server=path)})
    daemon.start(tracers=["exec"])
    happen("port")
    happen("socket")
    tap.check("a socket of this host takes a mail", wait_for(lambda: len(sock.mails) == 1), daemon.log_text()[-2000:])
    wait_for(lambda: len(port.mails) == 2, 10)
    time.sleep(0.3)
    tap.check("who has it is not sent it again with the others", sorted(m.to[0] for m in port.mails) ==
              ["a@example.com", "b@example.com"] and port.asked == {"a@example.com": 1, "b@example.com": 3, "c@example.com": 1},
              str(port.asked) + daemon.log_text()[-2000:])
    daemon.stop()
    daemon.remove()
    os.unlink(path)


class Odd:
    """Takes a connection, says what it has to, and no more."""

    def __init__(self, says):
        self.says, self.kept = says, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            conn = self.socket.accept()[0]
            self.kept.append(conn)
            try:
                for part in self.says:
                    conn.sendall(part)
            except OSError:
                pass


def odd_servers(tap):
    """Who never answers, answers what is no mail server's, or without end, or for others."""
    endless = (b"250-more\r\n" * 1000 for _ in range(1000))
    servers = {"silent": Odd([]), "web": Odd([b"HTTP/1.1 400 Bad Request\r\n\r\n"]), "endless": Odd([b"220 mx\r\n", *endless]),
               "busy": Odd([b"421 4.3.2 too many connections\r\n"])}
    says = {"silent": ("imed out", "no answer in 400 ms"), "web": ("imed out", "not LMTP"), "endless": ("", ""), "busy": ("421 4.3.2", "421 4.3.2")}
    actions = {}
    for name, server in servers.items():
        for protocol in ("smtp", "lmtp"):
            tls = 'tls = "none"\n' if protocol == "smtp" else ""
            actions[f"{name}-{protocol}"] = action(server.port, more=f'protocol = "{protocol}"\ntimeout_ms = 400\n{tls}')
    good = Smtp().start()
    actions["good"] = action(good.port, more='tls = "none"\n')
    daemon = Mailing(actions).start(tracers=["exec"])
    for name in actions:
        happen(name)
    tap.check("none of them keeps a mail from another server", wait_for(lambda: good.mails), daemon.log_text()[-2000:])
    for name, words in says.items():
        for protocol, word in zip(("smtp", "lmtp"), words):
            which = f"{name}-{protocol}"
            tap.check(f"a server that is odd ({which}) is told of", wait_for(lambda: daemon.told(which, word, "failed")),  # pylint: disable=cell-var-from-loop
                      str(daemon.told(which)))
    tap.check("and the alerts wait", daemon.stats()["actions.mail.waiting"] == len(actions) - 1, str(daemon.stats()))
    daemon.stop()
    daemon.remove()
    good.stop()


def digest(tap):
    server = Smtp().start()
    daemon = Mailing({"noisy": action(server.port, more='tls = "none"\nrule_per_hour = 2\ndigest_s = 2\nsubject = "[é] "\n')})
    daemon.start(tracers=["exec"])
    for i in range(12):
        happen("noisy", str(i))
        wait_for(lambda: len(server.mails) == i + 1 if i < 2 else True)      # pylint: disable=cell-var-from-loop
    wait_for(lambda: len(server.mails) == 3, 10)
    texts = [m.text for m in server.mails]
    tap.check("so many come alone, the rest together", [t.count("Rule:       noisy") for t in texts] == [1, 1, 10], str(texts))
    tap.check("which is counted in the subject and at its head", len(texts) == 3 and "10 x high: noisy" in texts[2] and
              server.mails[2].mail["Subject"].startswith("[é] high, 10 alerts on "), str([m.mail["Subject"] for m in server.mails]))
    daemon.stop()
    daemon.remove()
    server.stop()


def too_old(tap):
    daemon = Mailing({"old": action(1, more='tls = "none"\nmax_age_s = 1\n')})
    daemon.start(tracers=["exec"])
    happen("old")
    tap.check("what nobody took in time is given up, which is an event", wait_for(
        lambda: daemon.told("old", "1 alerts are given up: they are older than max_age_s", "failed"), 8), str(daemon.told("old")))
    stats = daemon.stats()
    tap.check("and counted", stats["actions.mail.expired"] == 1 and stats["actions.mail.waiting"] == 0, str(stats))
    daemon.stop()
    daemon.remove()


def wrong_files(tap):
    daemon = Mailing({"a": 'type = "email"\nserver = "x"\nfrom = "root"\nto = ["a@b\\r\\nc"]\ntls = "ssl"\n',
                      "b": 'type = "email"\nserver = "x"\nfrom = "a@b"\nto = ["c@d"]\nuser = "u"\ntls = "none"\n',
                      "c": 'type = "slack"\n', "d": 'type = "slack"\nbatch = 21\nsecret_file = "/x"\n',
                      "e": 'type = "email"\nserver = "/x"\nfrom = "a@b"\nto = ["c@d"]\n'})
    daemon.start()
    log = daemon.log_text()
    for word in ("from: an address is name@host", "to: an address is name@host", "tls is one of starttls, tls, none",
                 "a password is never sent in the clear", "slack needs secret_file", "Slack takes up to 20",
                 "a socket's path is for protocol"):
        tap.check(f"a file is refused with a reason: {word}", word in log, log[-3000:])
    daemon.stop()
    daemon.remove()


def main():
    tap = Tap()
    pki = Pki(f"/tmp/bpfd-test-650-{os.getpid()}")
    try:
        submission(tap, pki)
        refusing(tap)
        local(tap)
        odd_servers(tap)
        digest(tap)
        too_old(tap)
        wrong_files(tap)
    finally:
        subprocess.run(["rm", "-rf", pki.dir], check=True)
    tap.done()


main()
