#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bpfd-fetch with docker-registry: plain, with TLS and a password, with tokens; and from what was stored."""
import base64
import hashlib
import json
import os
import shutil
import tempfile

import fetchrun as f
import pki
import registry
from daemon import Tap

PROGRAMS = {"count_xdp": "xdp"}


def pulled(got, image, obj):
    return (got.facts.get("manifest") == image.digest and got.programs == PROGRAMS and
            got.facts.get("sha256") == hashlib.sha256(obj).hexdigest() and got.verdicts == ["0 "])


def plain(tap, directory):
    obj = registry.sample()
    amd64, arm64 = (registry.Image(obj, PROGRAMS, arch=a) for a in ("amd64", "arm64"))
    stored, out = os.path.join(directory, "stored"), os.path.join(directory, "object")
    with registry.Registry() as r:
        one, many = r.push("bpf/one", "v1", amd64), r.push("bpf/many", "v1", amd64, arm64)
        where = {"plain": "127.0.0.1"}
        got = f.fetch(f"{r.address}/bpf/one:v1", save=stored, object=out, **where)
        tap.check("pulls_an_image_by_its_tag", pulled(got, amd64, obj) and got.facts["digest"] == one, got.text)
        with open(out, "rb") as file:
            tap.check("gives_the_object_as_it_was_pushed", file.read() == obj)
        tap.check("makes_one_connection", got.connects == [("127.0.0.1", str(r.port), "local")], got.text)
        tap.check("tells_how_far_it_is", got.progress.get("blob") == (len(amd64.layer), len(amd64.layer)), got.text)
        got = f.fetch(f"{r.address}/bpf/one@{one}", **where)
        tap.check("pulls_an_image_by_its_digest", pulled(got, amd64, obj), got.text)
        got = f.fetch(f"{r.address}/bpf/many:v1", arch="arm64", **where)
        tap.check("picks_an_architecture_of_an_index", pulled(got, arm64, obj) and got.facts["digest"] == many and
                  got.facts["arch"] == "arm64", got.text)
        got = f.fetch(f"{r.address}/bpf/many:v1", arch="riscv64", **where)
        tap.check("says_which_architectures_there_are", got.refused(f.NOT_FOUND, "amd64", "arm64"), got.text)
        got = f.fetch(f"{r.address}/bpf/one:none", **where)
        tap.check("says_that_a_tag_is_not_there", got.refused(f.NOT_FOUND, "MANIFEST_UNKNOWN"), got.text)
        got = f.fetch(f"{r.address}/bpf/one:v1", plain="registry.example")
        tap.check("asks_no_registry_without_tls_that_is_not_listed",
                  got.refused(f.UNAVAILABLE, "images.insecure_registries"), got.text)
        gone = r.address
    got = f.fetch(f"{gone}/bpf/one:v1", **where)
    tap.check("says_that_nobody_listens", got.refused(f.UNAVAILABLE, "refused"), got.text)
    got = f.fetch(f"{gone}/bpf/one:v1", bundle=stored)
    tap.check("checks_a_stored_image_without_a_connection", pulled(got, amd64, obj) and not got.connects, got.text)
    with open(stored, "r+b") as file:
        file.seek(-100, os.SEEK_END)
        byte = file.read(1)
        file.seek(-100, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))
    got = f.fetch(f"{gone}/bpf/one:v1", bundle=stored)
    tap.check("a_damaged_stored_image_is_lost", got.refused(f.DATA_LOSS), got.text)
    os.truncate(stored, 1000)
    got = f.fetch(f"{gone}/bpf/one:v1", bundle=stored)
    tap.check("so_is_one_that_is_cut", got.refused(f.DATA_LOSS), got.text)
    got = f.fetch("Not A Name", **where)
    tap.check("says_what_is_no_reference", got.refused(f.INVALID_ARGUMENT), got.text)


def six(tap):
    obj = registry.sample()
    image = registry.Image(obj, PROGRAMS)
    if not os.path.exists("/proc/net/if_inet6"):
        tap.skip("pulls_by_ipv6", "this host has no IPv6")
        return
    with registry.Registry(host="[::1]") as r:
        r.push("bpf/one", "v1", image)
        for name, listed in (("address_and_port", r.address), ("address", "[::1]")):
            got = f.fetch(f"{r.address}/bpf/one:v1", plain=listed)
            tap.check(f"pulls_by_ipv6_from_a_listed_{name}", pulled(got, image, obj) and
                      got.connects == [("::1", str(r.port), "local")], got.text)


def tls(tap, directory):
    obj = registry.sample()
    image = registry.Image(obj, PROGRAMS)
    ca = pki.Pki(os.path.join(directory, "pki"))
    auth = os.path.join(directory, "auth.json")
    with registry.Registry(cert=ca.server(), ca=ca.ca, users={"alice": "secret"}) as r:
        r.push("bpf/one", "v1", image)
        ref = f"{r.address}/bpf/one:v1"
        got = f.fetch(ref, ca=ca.ca, user="alice", password="secret")
        tap.check("logs_in_by_tls_and_password", pulled(got, image, obj), got.text)
        with open(auth, "w", encoding="ascii") as file:
            json.dump({"auths": {r.address: {"auth": base64.b64encode(b"alice:secret").decode()}}}, file)
        got = f.fetch(ref, ca=ca.ca, auth=auth)
        tap.check("takes_the_password_from_roots_file", pulled(got, image, obj), got.text)
        got = f.fetch(ref, ca=ca.ca, auth=auth, user="alice", password="other")
        tap.check("the_requests_own_goes_first", got.refused(f.UNAUTHENTICATED, "does not know"), got.text)
        tap.check("says_no_word_of_a_password", "other" not in got.text and "secret" not in got.text, got.text)
        got = f.fetch(ref, ca=ca.ca)
        tap.check("says_that_a_password_is_wanted", got.refused(f.UNAUTHENTICATED, "images.auth_file"), got.text)
        got = f.fetch(ref, user="alice", password="secret")
        tap.check("trusts_nobody_without_certificates", got.refused(f.UNAVAILABLE, "images.ca_file"), got.text)
    other = pki.Pki(os.path.join(directory, "other"), "another CA")
    for name, cert in (("expired", ca.expired()), ("of_another_name", ca.server(["DNS:elsewhere.example"])),
                       ("of_an_authority_that_is_not_trusted", other.server())):
        with registry.FakeRegistry(cert=cert) as r:
            r.push("v1", image)
            got = f.fetch(f"{r.address}/bpf/one:v1", ca=ca.ca, user="alice", password="secret")
            tap.check(f"refuses_a_certificate_{name}", got.refused(f.UNAVAILABLE, "certificate") and not r.requests,
                      got.text)


def tokens(tap, directory):
    obj = registry.sample()
    image = registry.Image(obj, PROGRAMS)
    cert = pki.Pki(os.path.join(directory, "tokens")).server()
    with registry.TokenServer(cert, users={"alice": "secret"}, public=False) as t, registry.Registry(token=t) as r:
        r.push("bpf/one", "v1", image)
        ref = f"{r.address}/bpf/one:v1"
        got = f.fetch(ref, plain="127.0.0.1", user="alice", password="secret")
        tap.check("gets_a_token_for_a_password", pulled(got, image, obj) and len(t.requests) == 1, got.text)
        got = f.fetch(ref, plain="127.0.0.1", user="alice", password="wrong")
        tap.check("says_that_the_token_server_knows_no_such_user", got.refused(f.UNAUTHENTICATED, "does not know"),
                  got.text)
        got = f.fetch(ref, plain="127.0.0.1")
        tap.check("says_that_somebody_without_a_name_may_not", got.refused(f.PERMISSION_DENIED, "nobody is logged in"),
                  got.text)
        t.public = True
        got = f.fetch(ref, plain="127.0.0.1")
        tap.check("gets_a_token_without_a_password", pulled(got, image, obj), got.text)


def main():
    tap = Tap()
    directory = tempfile.mkdtemp(prefix="bpfd-fetch-")
    try:
        plain(tap, directory)
        six(tap)
        tls(tap, directory)
        tokens(tap, directory)
    finally:
        shutil.rmtree(directory)
    tap.done()


main()
