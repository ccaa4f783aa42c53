#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is said of the fields of events when bpfd is built: the JSON schema, bpfd-tracers(7)."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from eventschema import BUILD, EventSchema  # noqa: E402
from tap import Tap  # noqa: E402


def lines():
    out = subprocess.run([os.path.join(BUILD, "tests/lib/event-lines")], capture_output=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def schema(tap):
    s = EventSchema()
    events = lines()
    wrong = [f"{e['tracer']} {e['event']}: {why}" for e in events for why in [s.wrong(e)] if why]
    tap.check("every event of every tracer is valid by the schema", not wrong, "\n".join(wrong))
    tap.check("and every tracer is there", {e["tracer"] for e in events} == s.tracers() and len(events) > 60,
              s.tracers() ^ {e["tracer"] for e in events})
    with open(os.path.join(BUILD, "gen/events.schema.json"), encoding="utf-8") as f:
        tap.check("what is installed is what bpfctl prints", f.read() == s.text)
    done = subprocess.run([os.path.join(BUILD, "bpfctl"), "tracers", "open", "--schema"], capture_output=True, text=True, check=False)
    tap.check("one tracer alone has no schema", done.returncode == 2 and not done.stdout, done.stderr)
    one = next(e for e in events if e["tracer"] == "open")
    for what, bad in (("a number where text belongs", dict(one, path=7)), ("a field of another tracer", dict(one, exit_code=1)),
                      ("a tracer that there is not", dict(one, tracer="opne")), ("an event that it does not have", dict(one, event="x")),
                      ("a word that there is not", dict(one, flags=["O_NONE"])),
                      ("no field that each has", {k: v for k, v in one.items() if k != "path"})):
        tap.check(f"it refuses {what}", bool(s.wrong(bad)), bad)


def page(tap):
    path = os.path.join(BUILD, "man/bpfd-tracers.7")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    missing = [t for t in EventSchema().tracers() if f".Ss {t}\n" not in text]
    tap.check("bpfd-tracers(7) has every tracer", not missing, missing)
    if not shutil.which("mandoc"):
        tap.skip("and mandoc finds nothing wrong with it", "mandoc is not installed")
        return
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True, check=False)
    tap.check("and mandoc finds nothing wrong with it", done.returncode == 0, done.stdout)


def main():
    tap = Tap()
    schema(tap)
    page(tap)
    tap.done()


main()
