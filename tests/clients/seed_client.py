#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of genuinetools/bpfd's grpc.API on Python's grpcio.

usage: seed_client.py SOCKET GENDIR

Creates a rule for executions of "seedprobe", runs one, waits for its event, removes the rule.
GENDIR holds what protoc --python_out made of proto/.  Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import threading

import grpc

sock, gendir = sys.argv[1:3]
sys.path[:0] = [gendir, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")]
import grpc_api_pb2 as pb  # noqa: E402
from tap import Tap  # noqa: E402

channel = grpc.insecure_channel("unix:" + sock)
tap = Tap()
check = tap.check


def call(method, request, reply):
    stub = channel.unary_unary(f"/grpc.API/{method}", type(request).SerializeToString, reply.FromString)
    return stub(request, timeout=20)


def error(method, request, reply):
    """The text of a call that must fail."""
    try:
        call(method, request, reply)
    except grpc.RpcError as e:
        return e.details()
    return "the call succeeded"


def rule(name="py-probe", tracer="exec", **kw):
    return pb.CreateRuleRequest(rule=pb.Rule(name=name, tracer=tracer,
                                             filterEvents={"argv": pb.Filter(values=["seedprobe"])}, **kw))


class Probes:
    """Runs what the rule is about, again and again; pids are those that ran."""

    def __enter__(self):
        self.stop, self.pids, self.folder = threading.Event(), [], tempfile.mkdtemp()
        self.runner = threading.Thread(target=self.run)
        os.symlink("/bin/true", os.path.join(self.folder, "seedprobe"))
        self.runner.start()
        return self

    def run(self):
        while not self.stop.wait(0.1):
            proc = subprocess.Popen([os.path.join(self.folder, "seedprobe"), "an argument"])
            self.pids.append(proc.pid)
            proc.wait()

    def __exit__(self, *why):
        self.stop.set()
        self.runner.join()
        shutil.rmtree(self.folder)


def live_trace(seconds):
    stub = channel.unary_stream("/grpc.API/LiveTrace", pb.LiveTraceRequest.SerializeToString, pb.Event.FromString)
    return stub(pb.LiveTraceRequest(), timeout=seconds)


def first(stream, wanted):
    """The first event that is wanted; None: it does not come."""
    try:
        return next((e for e in stream if wanted(e)), None)
    except grpc.RpcError:
        return None


def is_probe(event):
    return "seedprobe" in event.data.get("argv", "")


def together():
    """The first bpfd's clients took events from one another, and the first to leave ended all."""
    with Probes() as probes:
        one, other = live_trace(20), live_trace(20)
        event = first(other, is_probe)      # the later one's: the earlier one has it too
        same = first(one, lambda e: event and e.PID == event.PID)
        check("two clients get the same event", event is not None and same is not None and same.data == event.data, f"{event} {same}")
        one.cancel()
        last = len(probes.pids)
        event = first(other, lambda e: e.PID in probes.pids[last:])
        check("and one goes on when the other leaves", event is not None)
        other.cancel()


def main():
    text = error("CreateRule", pb.CreateRuleRequest(), pb.CreateRuleResponse)
    check("a rule cannot be nil", text == "rule cannot be nil", text)
    text = error("CreateRule", rule(name=""), pb.CreateRuleResponse)
    check("a rule has a name", text == "rule name cannot be empty", text)
    text = error("CreateRule", rule(tracer="nosuch"), pb.CreateRuleResponse)
    check("an unknown tracer is refused", text.startswith("[py-probe]: nosuch is not a valid tracer"), text)

    call("CreateRule", rule(), pb.CreateRuleResponse)
    rules = call("ListRules", pb.ListRulesRequest(), pb.ListRulesResponse).rules
    mine = [r for r in rules if r.name == "py-probe"]
    check("the rule is listed", len(mine) == 1 and mine[0].tracer == "exec" and
          list(mine[0].filterEvents["argv"].values) == ["seedprobe"], str(rules))

    with Probes():
        stream = live_trace(15)
        event = first(stream, is_probe)
        stream.cancel()
    check("LiveTrace brings the execution", event is not None)
    if event:
        check("with process, parent and user", event.PID > 0 and event.TGID == os.getpid() and
              event.UID == os.getuid() and event.tracer == "exec", str(event))
        check("and where it ran", event.containerRuntime != "" and event.returnValue == 0, str(event))
    together()

    call("RemoveRule", pb.RemoveRuleRequest(name="py-probe", tracer="exec"), pb.RemoveRuleResponse)
    text = error("RemoveRule", pb.RemoveRuleRequest(name="py-probe"), pb.RemoveRuleResponse)
    check("an unknown rule cannot be removed", "no rule" in text, text)


main()
tap.done()
