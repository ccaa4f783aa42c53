#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts to Slack: where its webhook's address comes from, what it is sent, and what an event cannot do there."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, children_of, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402
from webserver import WebServer  # noqa: E402

PATH = "/services/T0000/B0000/SecretSecretSecret"
MARK = f"mark-652-{os.getpid()}-"


def match(name):
    return f'{{ field = "args", op = "contains", values = ["{MARK}{name}"] }}, {{ field = "comm", op = "eq", values = ["true"] }}'


def seen(daemon, text):
    """Where of this bpfd's command lines, environments, logs and files the text is, but for where it was put."""
    for pid in [daemon.proc.pid, *children_of(daemon.proc.pid)]:
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as f:
                if text.encode() in f.read():
                    return f"{pid} {name}"
    return subprocess.run(["grep", "-rlsF", "--exclude-dir=secrets", "--exclude-dir=bpffs", text, daemon.dir], capture_output=True,
                          text=True, check=False).stdout


def main():
    tap = Tap()
    server = WebServer()
    base = f"http://localhost:{server.port}"
    secrets = {"path": PATH + "-path", "whole": base + PATH + "-whole", "other": "http://localhost.example.com" + PATH + "-other"}
    rules = {name: rule(name, "exec", match(name), (name,), 'severity = "critical"') for name in secrets}
    daemon = Events({**rules, "told": rule("told", "action")}, actions={name: "" for name in secrets})
    os.mkdir(os.path.join(daemon.dir, "secrets"), 0o700)
    for name, secret in secrets.items():
        path = os.path.join(daemon.dir, "secrets", name)
        daemon.write(path, secret + "\n")
        os.chmod(path, 0o600)
        daemon.write(os.path.join(daemon.dir, "etc", "actions.d", name + ".toml"),
                     f'type = "slack"\nurl = "{base}"\nsecret_file = "{path}"\nchannel = "#sec"\ngather_ms = 1\n')
    daemon.start(tracers=["exec"])
    for name in secrets:
        subprocess.run(["/bin/true", f"{MARK}{name}<!channel> & <http://e|x> ``` \n"], check=True)
    wait_for(lambda: len(server.requests) == 2, 10)
    got = {r.path: json.loads(r.body) for r in server.requests}
    tap.check("the address is that of the file, given whole or from its path on", sorted(got) == [PATH + "-path", PATH + "-whole"],
              str(sorted(got)) + daemon.log_text()[-2000:])
    message = got.get(PATH + "-whole", {"attachments": [{}]})
    what = message["attachments"][0]
    tap.check("the message says what happened", what.get("title") == "whole" and "/usr/bin/true" in what["text"] and
              message["channel"] == "#sec" and {"short": True, "title": "Severity", "value": "critical"} in what["fields"], str(message))
    tap.check("nothing of an event is a mention, a link or the end of a block", "&lt;!channel&gt; &amp; &lt;http://e|x&gt; '''" in
              what.get("text", ""), str(what))
    tap.check("an address of another server is not used", "secret_file has to hold what is behind" in daemon.log_text(),
              daemon.log_text()[-2000:])
    for name, secret in secrets.items():
        found = seen(daemon, secret)
        tap.check(f"the secret is nowhere to be seen ({name})", not found, found)
    daemon.stop()
    daemon.remove()
    server.stop()
    tap.done()


main()
