#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bpfd-fetch with registries that lie, hang, break, send too much, or send us elsewhere."""
import gzip
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
import threading
import time

import daemon
import fetchrun as f
import pki
import registry
from daemon import Tap

PROGRAMS = {"count_xdp": "xdp"}
OBJ = registry.sample()
IMAGE = registry.Image(OBJ, PROGRAMS)
LAYER = registry.digest(IMAGE.layer)


def run(r, name="v1", **options):
    return f.fetch(f"{r.address}/bpf/one{'@' if name.startswith('sha256:') else ':'}{name}", **{"plain": "127.0.0.1", "retries": 0, **options})


def good(got):
    return got.facts.get("sha256") == hashlib.sha256(OBJ).hexdigest() and got.ended == "with 0"


def tricked(trick, tag="v1", image=IMAGE, cert=None, **options):
    """What comes of one pull from a registry with this trick, and what it was asked."""
    with registry.FakeRegistry(trick=trick, cert=cert) as r:
        r.push("v1", image)
        return run(r, tag, **options), r.requests


def on(what, act):
    """A trick that acts on requests whose path has this."""
    def trick(request):
        if what in request.path:
            return act(request) is not False
        return False
    return trick


def lies(tap):
    other = registry.Image(OBJ + b"\0", PROGRAMS)
    got, _ = tricked(on("manifests", lambda q: q.give(200, other.manifest, Content_Type=registry.MANIFEST)),
                     tag=IMAGE.digest)
    tap.check("refuses_another_manifest_than_the_one_asked_for", got.refused(f.FAILED_PRECONDITION, IMAGE.digest), got.text)
    got, _ = tricked(on("manifests", lambda q: q.give(200, IMAGE.manifest, Content_Type=registry.MANIFEST,
                                                      Docker_Content_Digest=other.digest)))
    tap.check("refuses_a_manifest_that_is_not_what_it_is_said_to_be", got.refused(f.FAILED_PRECONDITION, other.digest), got.text)
    got, _ = tricked(on(LAYER, lambda q: q.give(200, bytes(len(IMAGE.layer)))))
    tap.check("refuses_a_blob_with_another_digest", got.refused(f.FAILED_PRECONDITION, "sends something else than " + LAYER), got.text)
    got, _ = tricked(on(LAYER, lambda q: q.give(200, IMAGE.layer + b"more")))
    tap.check("refuses_a_blob_that_is_longer_than_said", got.refused(f.FAILED_PRECONDITION, "more of"), got.text)
    got, _ = tricked(on(LAYER, lambda q: q.give(200, IMAGE.layer[:-1])))
    tap.check("refuses_a_blob_that_is_shorter_than_said", got.refused(f.FAILED_PRECONDITION, "bytes of"), got.text)

    def endless(request):
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        while True:
            request.wfile.write(b"10000\r\n" + bytes(65536) + b"\r\n")

    got, _ = tricked(on(LAYER, endless))
    tap.check("stops_a_blob_without_an_end", got.refused(f.FAILED_PRECONDITION, "more of"), got.text)
    got, _ = tricked(on("manifests", endless))
    tap.check("stops_a_manifest_without_an_end", got.refused(f.RESOURCE_EXHAUSTED, "images.manifest_bytes"), got.text)
    got, _ = tricked(on("manifests", lambda q: q.give(200, IMAGE.manifest + b" " * (10 << 20), Content_Type=registry.MANIFEST)))
    tap.check("refuses_a_manifest_of_10_mb", got.refused(f.RESOURCE_EXHAUSTED, "images.manifest_bytes"), got.text)
    got, _ = tricked(on("manifests", lambda q: q.give(404, b"x" * (10 << 20))))
    tap.check("stops_an_error_without_an_end", got.refused(f.FAILED_PRECONDITION, "no end"), got.text)
    got, _ = tricked(None, layer_bytes=4096)
    tap.check("asks_for_no_layer_that_is_too_large", got.refused(f.RESOURCE_EXHAUSTED, "images.layer_bytes"), got.text)
    for name, text in (("no_json", b"hello"), ("no_object", b"[1]"), ("deep_json", b"[" * 100000),
                       ("twice_the_same_key", b'{"schemaVersion":2,"schemaVersion":2}')):
        got, _ = tricked(on("manifests", lambda q, t=text: q.give(200, t, Content_Type=registry.MANIFEST)))
        tap.check(f"refuses_a_manifest_that_is_{name}", got.refused(f.FAILED_PRECONDITION), got.text)
    got, _ = tricked(on("manifests", lambda q: q.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n") and q.connection.close()))
    tap.check("says_that_it_is_no_http", got.refused(f.FAILED_PRECONDITION, "HTTP") or
              got.refused(f.UNAVAILABLE), got.text)
    got, _ = tricked(on("manifests", lambda q: q.give(403, registry.as_json(
        {"errors": [{"code": "DENIED", "message": "\x1b[31mred\nfetch.forged: yes"}]}))))
    tap.check("passes_no_control_character_of_an_error_on", got.refused(f.PERMISSION_DENIED) and
              "\x1b" not in got.text and "\nfetch.forged" not in got.text, got.text)


def tar(*members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for info, data in members:
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def member(name, data=OBJ, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, data


def images(tap):
    bad = {
        "climbs": tar(member("../program.o")), "is_absolute": tar(member("/etc/program.o")),
        "is_a_link": tar(member("program.o", b"", tarfile.SYMTYPE, "/etc/passwd")),
        "is_a_hard_link": tar(member("program.o", b"", tarfile.LNKTYPE, "/etc/passwd")),
        "has_two_objects": tar(member("a.o"), member("b.o")), "is_empty": tar(),
        "is_no_elf": tar(member("program.o", b"hello")), "is_no_tar": gzip.compress(b"hello" * 1000),
        "is_cut": IMAGE.layer[:len(IMAGE.layer) // 2]}
    for name, layer in bad.items():
        got, _ = tricked(None, image=registry.Image(layer=layer, programs=PROGRAMS))
        tap.check(f"refuses_a_layer_that_{name}", got.refused(f.FAILED_PRECONDITION), got.text)
    bomb = gzip.compress(bytes(64 << 20), 9)
    got, _ = tricked(None, image=registry.Image(layer=bomb, programs=PROGRAMS))
    tap.check("stops_a_layer_that_grows_without_measure", got.refused(f.RESOURCE_EXHAUSTED) or
              got.refused(f.FAILED_PRECONDITION), got.text)
    got, _ = tricked(None, image=registry.Image(OBJ, {"another": "xdp"}))
    tap.check("refuses_labels_that_name_another_program", got.refused(f.FAILED_PRECONDITION, "another"), got.text)
    got, _ = tricked(None, image=registry.Image(OBJ, labels={"io.ebpf.programs": "{"}))
    tap.check("refuses_labels_that_are_no_json", got.refused(f.FAILED_PRECONDITION), got.text)


def redirects(tap, certs, ca):
    user = {"user": "alice", "password": "secret", "ca": ca}
    with registry.Server() as cdn, registry.Server(cert=certs) as tls:
        cdn.answer = tls.answer = lambda q: q.give(200, IMAGE.layer)

        def guarded(elsewhere):
            def trick(request):
                if not request.headers.get("Authorization"):
                    return request.give(401, WWW_Authenticate='Basic realm="x"') is None
                if LAYER in request.path:
                    return request.give(307, Location=elsewhere) is None
                return False
            return trick

        got, _ = tricked(guarded(tls.url + "/cdn/layer?signed=1"), cert=certs, plain=None, **user)
        tap.check("follows_to_where_blobs_are", good(got) and len(tls.requests) == 1, got.text)
        tap.check("says_no_password_there", tls.requests and "Authorization" not in tls.requests[0][2], tls.requests)
        tap.check("tells_that_a_server_named_that_host", got.connects[-1:] == [("127.0.0.1", str(tls.port), "remote")],
                  got.text)
        got, _ = tricked(guarded(tls.url + "/cdn"), cert=certs, plain=None, own=1, **user)
        tap.check("lets_a_registry_of_the_own_network_name_others_there",
                  good(got) and got.connects[-1:] == [("127.0.0.1", str(tls.port), "local")], got.text)
        got, _ = tricked(guarded(cdn.url + "/cdn/layer"), cert=certs, plain=None, **user)
        tap.check("follows_nowhere_without_tls", got.refused(f.FAILED_PRECONDITION, "without TLS") and not cdn.requests,
                  got.text)
        got, _ = tricked(guarded("file:///etc/passwd"), cert=certs, plain=None, **user)
        tap.check("follows_to_no_file", got.refused(f.FAILED_PRECONDITION), got.text)
        got, _ = tricked(guarded(tls.url.replace("//", "//alice:x@") + "/cdn"), cert=certs, plain=None, **user)
        tap.check("follows_to_no_address_with_a_password", got.refused(f.FAILED_PRECONDITION), got.text)
    for name, to in (("a_name_of_other_bytes", "http://caf\xe9.example/"), ("port_0", "http://127.0.0.1:0/")):
        got, _ = tricked(on(LAYER, lambda q, t=to: q.give(307, Location=t)))
        tap.check(f"follows_to_{name}_never", got.refused(f.FAILED_PRECONDITION), got.text)
    got, asked = tricked(on(LAYER, lambda q: q.give(307, Location=q.path)))
    tap.check("ends_redirects_that_do_not_end", got.refused(f.FAILED_PRECONDITION, "again and again") and len(asked) < 12,
              got.text)
    got, _ = tricked(on(LAYER, lambda q: q.give(307)))
    tap.check("says_that_a_redirect_leads_nowhere", got.refused(f.FAILED_PRECONDITION, "nowhere"), got.text)


def token_servers(tap):
    def pull(answer, **options):
        with registry.Server() as t:
            t.answer = answer
            got, asked = tricked(lambda q: q.give(401, WWW_Authenticate=f'Bearer realm="{t.url}/token",service="s"') is None,
                                 **options)
            return got, asked, t.requests

    got, asked, tokens = pull(lambda q: q.give(200, b'{"token":"abc"}'))
    tap.check("ends_with_a_registry_that_takes_no_token", got.refused(f.PERMISSION_DENIED) and len(tokens) == 1 and
              len(asked) == 2, got.text)
    got, _, tokens = pull(lambda q: q.give(307, Location=q.path))
    tap.check("ends_with_a_token_server_that_loops", got.refused(f.FAILED_PRECONDITION, "elsewhere") and len(tokens) == 1,
              got.text)
    got, _, tokens = pull(lambda q: q.give(401, WWW_Authenticate=f'Bearer realm="http://127.0.0.1:{q.server.server_port}/token"'))
    tap.check("asks_nobody_for_a_token_for_a_token", got.refused(f.UNAUTHENTICATED) and len(tokens) == 1, got.text)
    for name, body in (("no_json", b"hello"), ("no_token", b"{}"), ("a_token_of_two_lines", b'{"token":"a\\r\\nX-Forged: 1"}'),
                       ("an_empty_token", b'{"token":""}'), ("a_token_of_a_megabyte", b'{"token":"' + b"a" * (1 << 20) + b'"}')):
        got, asked, _ = pull(lambda q, b=body: q.give(200, b))
        tap.check(f"takes_{name}_for_no_token", got.failed and not got.facts and len(asked) == 1, got.text)
    with registry.Server() as t:
        t.answer = lambda q: q.give(200, b'{"access_token":"abc"}')

        def trick(request):
            if request.headers.get("Authorization") == "Bearer abc":
                return False
            return request.give(401, WWW_Authenticate=f'Bearer realm="{t.url}/token",service="a b"') is None

        with registry.FakeRegistry(trick=trick) as r, tempfile.NamedTemporaryFile("w", encoding="ascii") as file:
            r.push("v1", IMAGE)
            file.write('{"auths":{"%s":{"auth":"PHRva2VuPjo=","identitytoken":"kept+by=docker"}}}' % r.address)
            file.flush()
            got = run(r, auth=file.name)
            method, _, _ = t.requests[0] if t.requests else ("none", 0, 0)
            tap.check("gets_a_token_for_what_docker_login_keeps", good(got) and method == "POST" and
                      t.bodies == [f"service=a%20b&scope=repository%3Abpf%2Fone%3Apull&grant_type=refresh_token"
                                   "&client_id=bpfd&refresh_token=kept%2Bby%3Ddocker".encode()], (got.text, t.bodies))
    got, _ = tricked(lambda q: q.give(401, WWW_Authenticate='Bearer realm="ftp://elsewhere.example/"') is None)
    tap.check("asks_no_token_server_of_another_kind", got.refused(f.FAILED_PRECONDITION), got.text)
    got, _ = tricked(lambda q: q.give(401, WWW_Authenticate='Bearer realm="') is None)
    tap.check("says_that_it_does_not_understand_who_asks", got.refused(f.FAILED_PRECONDITION, "not understood"), got.text)


def broken(tap):
    state = {}

    def cut(request):
        if LAYER not in request.path:
            return False
        state.setdefault("ranges", []).append(request.headers.get("Range"))
        if len(state["ranges"]) > 1:
            return False
        request.send_response(200)
        request.send_header("Content-Length", str(len(IMAGE.layer)))
        request.end_headers()
        request.wfile.write(IMAGE.layer[:1000])
        request.wfile.flush()
        request.close_connection = True
        return True

    got, _ = tricked(cut, retries=1)
    tap.check("goes_on_where_a_transfer_broke", good(got) and state["ranges"] == [None, "bytes=1000-"], (state, got.text))
    state.clear()

    def elsewhere(request):
        if request.headers.get("Range"):
            request.give(206, IMAGE.layer[500:], Content_Range=f"bytes 500-{len(IMAGE.layer) - 1}/{len(IMAGE.layer)}")
            return True
        return cut(request)

    got, _ = tricked(elsewhere, retries=1)
    tap.check("puts_no_other_part_behind_it", got.refused(f.FAILED_PRECONDITION, "another part"), got.text)
    state.clear()
    got, _ = tricked(cut)
    tap.check("says_that_the_connection_broke", got.refused(f.UNAVAILABLE, "broke"), got.text)

    def busy(status, times, **headers):
        left = [times]

        def trick(request):
            left[0] -= 1
            return left[0] >= 0 and request.error(status, "BUSY", "come again", **headers) is None
        return trick

    for status in (429, 500, 502, 503, 504):
        got, asked = tricked(busy(status, 1, Retry_After="0"), retries=1)
        tap.check(f"asks_again_after_{status}", good(got) and len(asked) == 4, got.text)
    begun = time.monotonic()
    got, _ = tricked(busy(429, 1, Retry_After="1"), retries=1)
    tap.check("waits_as_long_as_it_is_told", good(got) and time.monotonic() - begun >= 1, got.text)
    got, asked = tricked(busy(429, 1, Retry_After="3600"), retries=4)
    tap.check("does_not_wait_longer_than_it_has", got.refused(f.UNAVAILABLE, "3600 s", "images.timeout_ms") and
              len(asked) == 1, got.text)
    got, asked = tricked(busy(503, 100), retries=2)
    tap.check("gives_up_after_so_many_tries", got.refused(f.UNAVAILABLE, "503", "come again") and len(asked) == 3, got.text)
    got, _ = tricked(lambda q: time.sleep(3) or True, idle_ms=1000)
    tap.check("gives_up_a_server_that_hangs", got.refused(f.DEADLINE_EXCEEDED, "in time"), got.text)

    def drip(request):
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        for _ in range(30):
            request.wfile.write(b" ")
            request.wfile.flush()
            time.sleep(0.1)

    got, _ = tricked(drip, total_ms=1000)
    tap.check("gives_up_a_server_that_drips", got.refused(f.DEADLINE_EXCEEDED, "in time"), got.text)
    over, waited = threading.Event(), []
    with registry.FakeRegistry(trick=lambda q: waited.append(over.wait(30)) or True) as r:
        got = run(r, hang_up_ms=200, idle_ms=60000, total_ms=60000)
        over.set()
        tap.check("ends_when_nobody_waits_for_it_any_more", got.hung_up and not got.failed and not got.facts and
                  got.ended == "with 0" and daemon.wait_for(lambda: waited == [True]), (got.text, waited))


def main():
    tap = Tap()
    directory = tempfile.mkdtemp(prefix="bpfd-fetch-")
    try:
        ca = pki.Pki(os.path.join(directory, "pki"))
        lies(tap)
        images(tap)
        redirects(tap, ca.server(), ca.ca)
        token_servers(tap)
        broken(tap)
    finally:
        shutil.rmtree(directory)
    tap.done()


main()
