#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images by bpfman.v1, as a client does that knows nothing of bpfd: the messages come from the server's reflection.

usage: image_client.py SOCKET IMAGE

IMAGE is of the sample, and not in the cache.  Prints TAP.
"""
import os
import sys

import grpc

sock, image = sys.argv[1:3]
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: E402
from tap import Tap  # noqa: E402

channel = grpc.insecure_channel("unix:" + sock)
tap = Tap()


def varint(n):
    out = b""
    while n > 0x7f:
        out, n = out + bytes([n & 0x7f | 0x80]), n >> 7
    return out + bytes([n])


def delimited(data):
    """Fields of a message: number -> list of bytes.  Only what reflection answers with."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at, value, shift = at + 1, value | (byte & 0x7f) << shift, shift + 7
            if byte < 0x80:
                return value
    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            number()
            continue
        size = number()
        found.setdefault(tag >> 3, []).append(data[at:at + size])
        at += size
    return found


def learned():
    """The pool of what the server says of its service: by reflection, which is known by its wire alone."""
    ask = b"\x22" + varint(len("bpfman.v1.Bpfman")) + b"bpfman.v1.Bpfman"
    stub = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    answer = next(iter(stub(iter([ask]), timeout=20)))
    pool = descriptor_pool.DescriptorPool()
    for one in delimited(delimited(answer)[4][0])[1]:
        pool.Add(descriptor_pb2.FileDescriptorProto.FromString(one))
    return pool


pool = learned()


def message(name):
    found = pool.FindMessageTypeByName("bpfman.v1." + name)
    make = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    return make(found)


def call(method, **fields):
    stub = channel.unary_unary("/bpfman.v1.Bpfman/" + method, lambda m: m.SerializeToString(),
                               message(method + "Response").FromString)
    return stub(message(method + "Request")(**fields), timeout=60)


def refused(method, **fields):
    try:
        call(method, **fields)
    except grpc.RpcError as e:
        return e.code(), e.details()
    return None, "the call succeeded"


def where(policy, **more):
    return {"url": image, "image_pull_policy": policy, **more}


def main():
    never = {"bytecode": {"image": where(2)}, "info": [{"name": "count_xdp", "program_type": 0}]}
    code, text = refused("Load", **never)
    tap.check("Never of what is not cached is NOT_FOUND", code == grpc.StatusCode.NOT_FOUND and image in text, (code, text))
    tap.check("PullBytecode pulls", call("PullBytecode", image=where(0, username="me", password="pa:ss")) is not None)
    done = call("Load", **never, metadata={"from": "an image"})
    loaded = done.programs[0]
    tap.check("Load loads it from the cache", len(done.programs) == 1 and loaded.kernel_info.id > 0, done)
    got = call("Get", id=loaded.kernel_info.id)
    location = got.info.bytecode
    tap.check("Get gives the location as it was asked for", location.WhichOneof("location") == "image" and
              location.image.url == image and location.image.image_pull_policy == 2, got)
    tap.check("and no credentials", not location.image.HasField("password") and "pa:ss" not in str(got), got)
    listed = call("List", match_metadata={"from": "an image"})
    tap.check("List too", [r.info.bytecode.image.url for r in listed.results] == [image], listed)
    info = [{"name": "count_exec", "program_type": 2}, {"name": "count_ingress", "program_type": 1}]
    both = call("Load", bytecode={"image": where(1)}, info=info)
    tap.check("several programs come from one image", [p.info.name for p in both.programs] == ["count_exec", "count_ingress"])
    link = call("Attach", id=both.programs[0].kernel_info.id,
                attach={"tracepoint_attach_info": {"tracepoint": "sched/sched_process_exec"}}).link_id
    tap.check("and are attached", link > 0)
    code, text = refused("Load", bytecode={"image": where(1)}, info=[{"name": "nothing", "program_type": 0}])
    tap.check("a program that the image has not is named, with those it has",
              code == grpc.StatusCode.INVALID_ARGUMENT and "count_xdp" in text, (code, text))
    code, text = refused("PullBytecode", image={"url": "Not An Image"})
    tap.check("what is no reference is INVALID_ARGUMENT", code == grpc.StatusCode.INVALID_ARGUMENT, (code, text))
    code, text = refused("PullBytecode", image={"url": image + "-not-there"})
    tap.check("a tag that is not there is NOT_FOUND", code == grpc.StatusCode.NOT_FOUND, (code, text))
    tap.check("everything is unloaded", [call("Unload", id=p.kernel_info.id) for p in (loaded, *both.programs)] and
              not call("List", bpfman_programs_only=True).results)
    tap.done()


main()
