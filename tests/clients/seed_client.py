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
sys.path.insert(0, gendir)
import grpc_api_pb2 as pb  # noqa: E402

channel = grpc.insecure_channel("unix:" + sock)
results = []


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


def check(name, ok, why=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}" + ("" if ok else f"\n# {why}"))


def rule(name="py-probe", tracer="exec", **kw):
    return pb.CreateRuleRequest(rule=pb.Rule(name=name, tracer=tracer,
                                             filterEvents={"argv": pb.Filter(values=["seedprobe"])}, **kw))


def live_trace(wanted, seconds):
    """Runs what the rule is about until an event that is wanted comes; None: it does not."""
    stub = channel.unary_stream("/grpc.API/LiveTrace", pb.LiveTraceRequest.SerializeToString, pb.Event.FromString)
    stream = stub(pb.LiveTraceRequest(), timeout=seconds)
    stop = threading.Event()
    folder = tempfile.mkdtemp()
    probe = os.path.join(folder, "seedprobe")
    os.symlink("/bin/true", probe)

    def run():
        while not stop.wait(0.1):
            subprocess.run([probe, "an argument"], check=False)

    runner = threading.Thread(target=run)
    runner.start()
    try:
        return next((e for e in stream if wanted(e)), None)
    except grpc.RpcError:
        return None
    finally:
        stop.set()
        stream.cancel()
        runner.join()
        shutil.rmtree(folder)


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

    event = live_trace(lambda e: "seedprobe" in e.data.get("argv", ""), 15)
    check("LiveTrace brings the execution", event is not None)
    if event:
        check("with process, parent and user", event.PID > 0 and event.TGID == os.getpid() and
              event.UID == os.getuid() and event.tracer == "exec", str(event))
        check("and where it ran", event.containerRuntime != "" and event.returnValue == 0, str(event))

    call("RemoveRule", pb.RemoveRuleRequest(name="py-probe", tracer="exec"), pb.RemoveRuleResponse)
    text = error("RemoveRule", pb.RemoveRuleRequest(name="py-probe"), pb.RemoveRuleResponse)
    check("an unknown rule cannot be removed", "no rule" in text, text)


main()
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
