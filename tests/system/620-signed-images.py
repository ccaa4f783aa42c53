#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Signed images from a registry to the kernel: policies, the cache, and a loader that takes nothing else."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import grpc

SRC = os.environ.get("BPFD_SRC", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import cosign  # noqa: E402
import registry  # noqa: E402
from daemon import BUILD, Daemon, Tap, wait_for  # noqa: E402

GEN = tempfile.mkdtemp(prefix="bpfd-gen-")
subprocess.run(["protoc", "-I", os.path.join(SRC, "proto"), "--python_out", GEN, "bpfd_v1.proto"], check=True)
sys.path.insert(0, GEN)
import bpfd_v1_pb2 as pb  # noqa: E402

DENIED = grpc.StatusCode.PERMISSION_DENIED
OBJECT = registry.sample()
KEY, STRANGER = cosign.Key(), cosign.Key("ed25519")
FULCIO, REKOR, CTLOG = cosign.Fulcio(), cosign.Rekor(), cosign.CtLog()


class Client:
    """What is asked of the daemon; each answers (answer, None, "") or (None, code, text)."""

    def __init__(self, daemon):
        self.channel = grpc.insecure_channel("unix:" + daemon.sock)

    @staticmethod
    def tried(call):
        try:
            return call(), None, ""
        except grpc.RpcError as e:
            return None, e.code(), e.details()

    def unary(self, method, request, reply):
        stub = self.channel.unary_unary("/bpfd.v1." + method, type(request).SerializeToString, reply.FromString)
        return self.tried(lambda: stub(request, timeout=30, wait_for_ready=True))

    def pull(self, ref):
        stub = self.channel.unary_stream("/bpfd.v1.Images/Pull", pb.PullImageRequest.SerializeToString,
                                         pb.PullImageResponse.FromString)
        request = pb.PullImageRequest(image=pb.ImageSource(reference=ref, policy=pb.ALWAYS))
        return self.tried(lambda: list(stub(request, timeout=30, wait_for_ready=True))[-1].image)

    def load(self, policy=pb.IF_NOT_PRESENT, **what):
        if "ref" in what:
            what = {"image": pb.ImageSource(reference=what["ref"], policy=policy)}
        return self.unary("Programs/Load", pb.LoadRequest(**what), pb.LoadResponse)

    def unload(self, group):
        return self.unary("Programs/Unload", pb.UnloadRequest(group=group), pb.UnloadResponse)

    def verify(self, ref):
        return self.unary("Images/Verify", pb.VerifyImageRequest(image=ref), pb.VerifyImageResponse)

    def cached(self):
        """None: the daemon does not answer."""
        answer, _, _ = self.unary("Images/List", pb.ListImagesRequest(), pb.ListImagesResponse)
        return None if answer is None else list(answer.images)


class Host:
    """A registry with images, and a bpfd with policies."""

    def __init__(self):
        self.registry = registry.Registry()
        self.image = registry.Image(OBJECT, {"count_xdp": "xdp"})
        self.daemon = None

    def push(self, repo, *layers, referrers=False, of=None):
        """The image under that name, with these signatures."""
        of = of or self.registry.push(repo, "1", self.image)
        if not layers:
            return self.ref(repo)
        for one in layers:
            self.registry.push_blob(repo, one.data)
        self.registry.push_blob(repo, b"{}")
        data = cosign.manifest(layers, subject=self.image.manifest if referrers else None,
                               artifact=cosign.BUNDLE if referrers else None)
        tag = of.replace(":", "-")
        if not referrers:
            self.registry.push_manifest(repo, tag + ".sig", data)
            return self.ref(repo)
        named = self.registry.push_manifest(repo, cosign.digest(data), data)
        index = registry.as_json({"schemaVersion": 2, "mediaType": registry.INDEX, "manifests": [
            {"mediaType": cosign.MANIFEST, "digest": named, "size": len(data), "artifactType": cosign.BUNDLE}]})
        self.registry.push_manifest(repo, tag, index, registry.INDEX)
        return self.ref(repo)

    def ref(self, repo):
        return f"{self.registry.address}/{repo}:1"

    def start(self, config="", **policies):
        self.daemon = Daemon(f'[images]\ninsecure_registries = ["127.0.0.1"]\n{config}')
        self.trust(**policies)
        self.daemon.start()
        return Client(self.daemon)

    def trust(self, **files):
        """trust.d anew: files by name, NAME_pub is NAME.pub."""
        folder = os.path.join(self.daemon.dir, "etc", "trust.d")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for name, text in files.items():
            stem, _, end = name.rpartition("_")
            with open(os.path.join(folder, f"{stem}.{end}"), "wb") as f:
                f.write(text if isinstance(text, bytes) else text.encode())

    def reload(self, client):
        """Until what answers is the new API."""
        old = self.daemon.child("bpfd-api")
        self.daemon.proc.send_signal(signal.SIGHUP)
        new = self.daemon.wait_child("bpfd-api", other_than=old, timeout=15)
        return new and wait_for(lambda: client.cached() is not None, 10)

    def policy(self, words, place=""):
        return f'images = ["{self.registry.address}/{place}"]\n{words}\n'


def with_keys(tap, host):
    of = host.image.digest
    good = host.push("acme/good", cosign.layer(of, KEY))
    plain = host.push("acme/unsigned")
    other = host.push("acme/other", cosign.layer(cosign.digest(b"another"), KEY))
    stranger = host.push("acme/stranger", cosign.layer(of, STRANGER), cosign.layer(of, KEY, payload=b"{}"))
    client = host.start(acme_toml=host.policy('keys = ["release.pub"]', "acme"), release_pub=KEY.pem())
    image, _, text = client.pull(good)
    tap.check("an_image_that_is_signed_with_a_trusted_key_is_pulled",
              image and image.signature == "key" and image.signer == "release.pub", text or image)
    answer, _, text = client.load(ref=good)
    tap.check("loaded_it_says_who_signed", answer and answer.programs[0].signer == "release.pub", text or answer)
    if answer:
        client.unload(answer.group)
    for ref, what, name in ((plain, "has no signature, and trust.d/acme.toml requires one", "without_a_signature"),
                            (other, "it is of another image", "with_the_signature_of_another"),
                            (stranger, "none of 2 is good: (1) it was made by none of the 1 keys", "by_a_stranger")):
        answer, code, text = client.load(ref=ref)
        tap.check(f"one_{name}_is_refused_and_it_is_said_why", code == DENIED and what in text, f"{code} {text} {answer}")
    tap.check("nothing_of_them_is_in_the_cache", len(client.cached()) == 1, client.cached())
    return client, good, plain


def after_a_change(tap, host, client, good, plain):
    host.trust(acme_toml=host.policy('keys = ["new.pub"]', "acme"), new_pub=STRANGER.pem())
    told = host.daemon.log_text().count("image.verdict")
    tap.check("reads_policies_at_sighup", host.reload(client), host.daemon.log_text())
    tap.check("and_forgets_the_verdicts_of_those_before", 0 < told == host.daemon.log_text().count("image.verdict"),
              host.daemon.log_text())
    _, code, text = client.load(ref=good, policy=pb.NEVER)
    tap.check("a_cached_image_is_held_against_the_policy_of_now", code == DENIED and "none of the 1 keys" in text,
              f"{code} {text}")
    _, code, text = client.verify(good)
    tap.check("verify_says_the_same", code == DENIED and "none of the 1 keys" in text, f"{code} {text}")
    host.trust(acme_toml='images = ["*"]\nkeys = ["gone.pub"]\n')
    host.reload(client)
    _, code, text = client.load(ref=plain)
    tap.check("with_a_mistake_in_a_policy_no_image_is_taken", code == DENIED and "whom to trust is not known" in text,
              f"{code} {text}")
    tap.check("and_the_log_says_where_it_is", 'acme.toml:2:9: keys: there is no file "gone.pub"' in host.daemon.log_text(),
              host.daemon.log_text())
    os.chmod(os.path.join(host.daemon.dir, "etc", "trust.d"), 0o777)
    host.reload(client)
    _, code, text = client.load(ref=plain)
    tap.check("nor_when_others_may_write_to_the_folder", code == DENIED and "images.trust_dir cannot be read" in text,
              f"{code} {text}")
    tap.check("stops", host.daemon.stop() == 0, host.daemon.log_text())


def with_identities(tap, host):
    of, key = host.image.digest, cosign.Key()
    cert = FULCIO.issue(key, ctlog=CTLOG)
    bundle = cosign.bundle(of, key, cert, lambda p, s: REKOR.entry(cosign.dsse_entry(p, s, cert)))
    signed = host.push("id/signed", bundle, referrers=True)
    layer = cosign.layer(of, key, cert, FULCIO, lambda p, s: REKOR.entry(cosign.hashedrekord(p, s, cert)))
    tagged = host.push("id/tagged", layer)
    evil_cert = FULCIO.issue(key, subject=cosign.SUBJECT.replace("acme", "evil"), ctlog=CTLOG)
    evil = host.push("id/evil", cosign.layer(of, key, evil_cert, FULCIO, lambda p, s:
                                             REKOR.entry(cosign.hashedrekord(p, s, evil_cert))))
    plain = host.push("free/unsigned")
    client = host.start("[policy]\nsigned_only = true\n", trusted_root_json=cosign.trusted_root(REKOR, FULCIO, CTLOG),
                        id_toml=host.policy(f'trusted_root = "trusted_root.json"\n[[identities]]\n'
                                            f'subject = "{cosign.SUBJECT}"\nissuer = "{cosign.ISSUER}"', "id"))
    for ref, name in ((tagged, "a_tag"), (signed, "referrers")):
        image, _, text = client.pull(ref)
        tap.check(f"an_identity_is_found_by_{name}", image and image.signature == "identity" and
                  (image.signer, image.issuer, image.signed_at_unix_ns) ==
                  (cosign.SUBJECT, cosign.ISSUER, cosign.TIME * 10 ** 9),
                  text or image)
    _, code, text = client.load(ref=evil)
    tap.check("another_identity_is_refused_by_name", code == DENIED and "made by https://github.com/evil/" in text,
              f"{code} {text}")
    return client, signed, plain


def only_signed(tap, host, client, signed, plain):
    answer, _, text = client.load(ref=signed)
    tap.check("signed_only_loads_what_is_signed", answer and len(answer.programs) > 0, text)
    if answer:
        client.unload(answer.group)
    # The same bytes were signed elsewhere: what counts is the last word about them.
    image, _, text = client.pull(plain)
    tap.check("an_unsigned_image_may_be_pulled_where_no_policy_is", image and image.signature == "none", text or image)
    for what, name in (({"ref": plain}, "an_unsigned_image"), ({"content": OBJECT}, "the_same_object_by_itself"),
                       ({"path": os.path.join(BUILD, "bpf", "samples", "count.bpf.o")}, "a_file")):
        _, code, text = client.load(**what)
        tap.check(f"and_not_{name}", code == DENIED and "policy.signed_only" in text, f"{code} {text}")
    os.kill(host.daemon.child("bpfd-loader"), signal.SIGKILL)
    answer, _, text = client.load(ref=signed, policy=pb.NEVER)
    tap.check("nor_less_after_a_loader_died", answer and len(answer.programs) > 0, text)
    tap.check("stops_again", host.daemon.stop() == 0, host.daemon.log_text())


def with_cosign(tap, host):
    """cosign itself signs: what this test's own signatures are compared with."""
    name = "what_cosign_signs_is_taken"
    tool = shutil.which("cosign")
    if not tool:
        tap.skip(name, "there is no cosign on the PATH")
        return
    ref = host.push("acme/cosign")
    with tempfile.TemporaryDirectory() as d:
        env = dict(os.environ, COSIGN_PASSWORD="secret", HOME=d)
        subprocess.run([tool, "generate-key-pair"], cwd=d, env=env, check=True, capture_output=True)
        subprocess.run([tool, "sign", "--key", "cosign.key", "--tlog-upload=false", "--allow-http-registry",
                        "--allow-insecure-registry", "-y", ref[:-2] + "@" + host.image.digest], cwd=d, env=env, check=True,
                       capture_output=True)
        with open(os.path.join(d, "cosign.pub"), "rb") as f:
            client = host.start(acme_toml=host.policy('keys = ["cosign.pub"]', "acme"), cosign_pub=f.read())
    image, _, text = client.pull(ref)
    tap.check(name, image and image.signer == "cosign.pub", text or image)
    host.daemon.stop()


def main():
    tap = Tap()
    host = Host()
    try:
        client, good, plain = with_keys(tap, host)
        after_a_change(tap, host, client, good, plain)
        only_signed(tap, host, *with_identities(tap, host))
        with_cosign(tap, host)
    finally:
        host.registry.close()
        shutil.rmtree(GEN)
    tap.done()


main()
