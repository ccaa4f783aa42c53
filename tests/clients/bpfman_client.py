#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bpfman.v1 client on Python's grpcio, as an existing user of that service would write it.

usage: bpfman_client.py SOCKET GENDIR OBJECT INTERFACE

GENDIR holds what protoc --python_out made of proto/.  Prints TAP.
"""
import os
import sys

import grpc

sock, gendir, obj, iface = sys.argv[1:5]
sys.path[:0] = [gendir, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")]
import bpfman_v1_pb2 as pb  # noqa: E402
import health_pb2 as hp  # noqa: E402
import reflection_v1_pb2 as r1  # noqa: E402
import reflection_v1alpha_pb2 as ra  # noqa: E402
from tap import Tap  # noqa: E402

channel = grpc.insecure_channel("unix:" + sock)
tap = Tap()
check = tap.check


def call(method, request, reply, service="bpfman.v1.Bpfman"):
    """One unary call with a deadline."""
    stub = channel.unary_unary(f"/{service}/{method}", type(request).SerializeToString, reply.FromString)
    return stub(request, timeout=20)


def error(method, request, reply):
    """The status and text of a call that must fail."""
    try:
        call(method, request, reply)
    except grpc.RpcError as e:
        return e.code(), e.details()
    return None, "the call succeeded"


def load(names_and_types, **kw):
    info = [pb.LoadInfo(name=n, program_type=t) for n, t in names_and_types]
    req = pb.LoadRequest(bytecode=pb.BytecodeLocation(file=obj), info=info, **kw)
    return call("Load", req, pb.LoadResponse)


def services(module, package):
    stub = channel.stream_stream(f"/{package}.ServerReflection/ServerReflectionInfo",
                                 module.ServerReflectionRequest.SerializeToString,
                                 module.ServerReflectionResponse.FromString)
    ask = [module.ServerReflectionRequest(list_services="*"),
           module.ServerReflectionRequest(file_containing_symbol="bpfman.v1.Bpfman"),
           module.ServerReflectionRequest(file_by_filename="no_such.proto")]
    return list(stub(iter(ask), timeout=20))


def probe():
    """A uprobe of bpfman's, on a program of the tests."""
    build = os.environ.get("BPFD_BUILD", os.path.join(os.getcwd(), "build"))
    target = os.path.join(build, "tests", "lib", "probed")
    req = pb.LoadRequest(bytecode=pb.BytecodeLocation(file=os.path.join(build, "tests", "bpf", "probes.bpf.o")),
                         info=[pb.LoadInfo(name="on_uprobe", program_type=pb.UPROBE)])
    ident = call("Load", req, pb.LoadResponse).programs[0].kernel_info.id
    where = pb.UprobeAttachInfo(fn_name="probed_twice", target=target, pid=os.getpid(), container_pid=os.getpid())
    req = pb.AttachRequest(id=ident, attach=pb.AttachInfo(uprobe_attach_info=where))
    link = call("Attach", req, pb.AttachResponse).link_id
    got = call("Get", pb.GetRequest(id=ident), pb.GetResponse)
    check("attaches to a function of a program", list(got.info.links) == [link], str(got))
    req.attach.uprobe_attach_info.fn_name = "probed_twic"
    code, text = error("Attach", req, pb.AttachResponse)
    check("an unknown function is NOT_FOUND and compared",
          code == grpc.StatusCode.NOT_FOUND and "did you mean probed_twice" in text, f"{code} {text}")
    code, text = error("Attach", pb.AttachRequest(id=ident, attach=pb.AttachInfo(
        kprobe_attach_info=pb.KprobeAttachInfo(fn_name="vfs_open", container_pid=1))), pb.AttachResponse)
    check("a kprobe has no container", code == grpc.StatusCode.INVALID_ARGUMENT and "all containers share" in text,
          f"{code} {text}")
    call("Unload", pb.UnloadRequest(id=ident), pb.UnloadResponse)


def main():
    probe()
    loaded = load([("count_exec", pb.TRACEPOINT), ("count_xdp", pb.XDP), ("count_ingress", pb.TC)],
                  metadata={"owner": "python", "app": "count"})
    ids = {p.info.name: p.kernel_info.id for p in loaded.programs}
    check("loads three programs of one object", set(ids) == {"count_exec", "count_xdp", "count_ingress"}, str(loaded))
    maps = [set(p.kernel_info.map_ids) for p in loaded.programs]
    check("the programs share the object's maps", bool(maps[0] & maps[1] & maps[2]), str(maps))
    k = loaded.programs[0].kernel_info
    check("kernel facts are filled", bool(k.tag) and k.bytes_xlated > 0 and bool(k.loaded_at) and k.gpl_compatible, str(k))

    links = {}
    req = pb.AttachRequest(id=ids["count_exec"], attach=pb.AttachInfo(
        tracepoint_attach_info=pb.TracepointAttachInfo(tracepoint="sched/sched_process_exec")))
    links["count_exec"] = call("Attach", req, pb.AttachResponse).link_id
    req = pb.AttachRequest(id=ids["count_xdp"], attach=pb.AttachInfo(
        xdp_attach_info=pb.XDPAttachInfo(priority=50, iface=iface, proceed_on=[2, 31])))
    links["count_xdp"] = call("Attach", req, pb.AttachResponse).link_id
    req = pb.AttachRequest(id=ids["count_ingress"], attach=pb.AttachInfo(
        tc_attach_info=pb.TCAttachInfo(priority=50, iface=iface, direction="ingress")))
    links["count_ingress"] = call("Attach", req, pb.AttachResponse).link_id
    req.attach.tc_attach_info.direction = "egress"
    for chosen in ([3, 30], [0, 2], [-1]):
        del req.attach.tc_attach_info.proceed_on[:]
        req.attach.tc_attach_info.proceed_on.extend(chosen)
        link = call("Attach", req, pb.AttachResponse).link_id
        check(f"attaches to TC with proceed_on {chosen}", link > 0)
        call("Detach", pb.DetachRequest(link_id=link), pb.DetachResponse)
    req.attach.tc_attach_info.proceed_on.append(9)
    code, text = error("Attach", req, pb.AttachResponse)
    check("a proceed_on that is no result is INVALID_ARGUMENT", code == grpc.StatusCode.INVALID_ARGUMENT,
          f"{code} {text}")
    check("attaches to a tracepoint, XDP and TC", len(set(links.values())) == 3 and all(links.values()), str(links))

    got = call("Get", pb.GetRequest(id=ids["count_xdp"]), pb.GetResponse)
    check("Get tells name, links, metadata and file",
          got.info.name == "count_xdp" and list(got.info.links) == [links["count_xdp"]]
          and got.info.metadata["owner"] == "python" and got.info.bytecode.file == obj
          and got.kernel_info.id == ids["count_xdp"], str(got))
    mine = call("List", pb.ListRequest(bpfman_programs_only=True, match_metadata={"app": "count"}), pb.ListResponse)
    check("List filters by metadata", sorted(r.kernel_info.id for r in mine.results) == sorted(ids.values()), str(mine))
    xdp = call("List", pb.ListRequest(program_type=6, bpfman_programs_only=True), pb.ListResponse)
    check("List filters by type", [r.info.name for r in xdp.results] == ["count_xdp"], str(xdp))
    every = call("List", pb.ListRequest(), pb.ListResponse)
    check("List answers for every program of the kernel",
          set(ids.values()) <= {r.kernel_info.id for r in every.results}, str(len(every.results)))

    code, text = error("Attach", pb.AttachRequest(id=ids["count_xdp"], attach=pb.AttachInfo(
        xdp_attach_info=pb.XDPAttachInfo(priority=5000, iface=iface))), pb.AttachResponse)
    check("a bad priority is INVALID_ARGUMENT", code == grpc.StatusCode.INVALID_ARGUMENT, f"{code} {text}")
    code, text = error("Attach", pb.AttachRequest(id=ids["count_xdp"], attach=pb.AttachInfo(
        xdp_attach_info=pb.XDPAttachInfo(priority=50, iface="nosuch0"))), pb.AttachResponse)
    check("an unknown interface is NOT_FOUND", code == grpc.StatusCode.NOT_FOUND, f"{code} {text}")
    code, text = error("Load", pb.LoadRequest(bytecode=pb.BytecodeLocation(file=obj), info=[
        pb.LoadInfo(name="nosuch", program_type=pb.XDP)]), pb.LoadResponse)
    check("an unknown program is INVALID_ARGUMENT and the text lists those there are",
          code == grpc.StatusCode.INVALID_ARGUMENT and "count_xdp" in text, f"{code} {text}")
    code, text = error("Load", pb.LoadRequest(bytecode=pb.BytecodeLocation(file="/nonexistent.o"), info=[
        pb.LoadInfo(name="x", program_type=pb.XDP)]), pb.LoadResponse)
    check("an unknown file is NOT_FOUND", code == grpc.StatusCode.NOT_FOUND, f"{code} {text}")
    # What becomes of a registry is in 631-images-bpfman.py.
    code, text = error("Load", pb.LoadRequest(bytecode=pb.BytecodeLocation(image=pb.BytecodeImage(
        url="quay.io/x/y:z", image_pull_policy=2)), info=[pb.LoadInfo(name="a")]), pb.LoadResponse)
    check("an image that may not be pulled and is not cached is NOT_FOUND",
          code == grpc.StatusCode.NOT_FOUND and "quay.io/x/y:z" in text, f"{code} {text}")
    code, text = error("PullBytecode", pb.PullBytecodeRequest(image=pb.BytecodeImage(url="quay.io/X")),
                       pb.PullBytecodeResponse)
    check("what is no reference is INVALID_ARGUMENT", code == grpc.StatusCode.INVALID_ARGUMENT, f"{code} {text}")
    code, text = error("NoSuchMethod", pb.GetRequest(id=1), pb.GetResponse)
    check("an unknown method is UNIMPLEMENTED", code == grpc.StatusCode.UNIMPLEMENTED, f"{code} {text}")

    for link in links.values():
        call("Detach", pb.DetachRequest(link_id=link), pb.DetachResponse)
    got = call("Get", pb.GetRequest(id=ids["count_xdp"]), pb.GetResponse)
    check("Detach takes the links away", not got.info.links, str(got))
    code, text = error("Detach", pb.DetachRequest(link_id=links["count_xdp"]), pb.DetachResponse)
    check("a second Detach is NOT_FOUND", code == grpc.StatusCode.NOT_FOUND, f"{code} {text}")
    for i in ids.values():
        call("Unload", pb.UnloadRequest(id=i), pb.UnloadResponse)
    mine = call("List", pb.ListRequest(bpfman_programs_only=True), pb.ListResponse)
    check("Unload leaves nothing", not mine.results, str(mine))
    code, text = error("Get", pb.GetRequest(id=ids["count_xdp"]), pb.GetResponse)
    check("Get of an unloaded program is NOT_FOUND", code == grpc.StatusCode.NOT_FOUND, f"{code} {text}")

    for module, package in ((r1, "grpc.reflection.v1"), (ra, "grpc.reflection.v1alpha")):
        answers = services(module, package)
        names = {s.name for s in answers[0].list_services_response.service}
        check(f"{package} lists the services", {"bpfman.v1.Bpfman", "bpfd.v1.Programs", "bpfd.v1.System",
              "grpc.health.v1.Health"} <= names, str(names))
        check(f"{package} gives the file of a symbol",
              len(answers[1].file_descriptor_response.file_descriptor_proto) >= 1, str(answers[1]))
        check(f"{package} says when there is no file", answers[2].error_response.error_code == 5, str(answers[2]))
    health = call("Check", hp.HealthCheckRequest(service="bpfman.v1.Bpfman"), hp.HealthCheckResponse,
                  service="grpc.health.v1.Health")
    check("health says SERVING", health.status == hp.HealthCheckResponse.SERVING, str(health))


try:
    main()
except grpc.RpcError as e:
    check("no call failed that should not", False, f"{e.code()} {e.details()}")
tap.done()
