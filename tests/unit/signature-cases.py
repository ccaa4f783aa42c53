#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
signature-cases.py FOLDER signatures|policies: what test-signature or test-trust looks at, each image
in a folder of its own: trust.d/, and blobs N-ROLE.  What is wrong with each, its function says.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "lib"))
import cosign  # noqa: E402
from cosign import Key, SUBJECT, ISSUER, TIME  # noqa: E402
from cryptography import x509  # noqa: E402

CHILD = cosign.canonical({"schemaVersion": 2, "mediaType": cosign.MANIFEST, "layers": [], "child": True})
TOP = cosign.canonical({"schemaVersion": 2, "manifests": [{"digest": cosign.digest(CHILD)}]})
OF, OF_CHILD, OTHER = cosign.digest(TOP), cosign.digest(CHILD), cosign.digest(b"another")
KEY, STRANGER = Key(), Key()
FULCIO, REKOR, CTLOG = cosign.Fulcio(), cosign.Rekor(), cosign.CtLog()
OTHER_FULCIO, OTHER_REKOR = cosign.Fulcio(), cosign.Rekor()

ROOT = sys.argv[1]


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def case(name, layers, policy, files, manifests=None):
    """layers: of one manifest of signatures; manifests: more, as they are; a layer may be bytes that lie."""
    where = os.path.join(ROOT, name)
    write(f"{where}/trust.d/acme.toml", policy)
    for file, data in files.items():
        write(f"{where}/trust.d/{file}", data)
    blobs = [("top", TOP), ("manifest", CHILD)]
    if layers:
        blobs.append(("signature", cosign.manifest(layers)))
    blobs += [("signature", m) for m in manifests or []]
    blobs += [("blob", one.data) for one in layers]
    for i, (role, data) in enumerate(blobs):
        write(f"{where}/{i:02}-{role}", data)


# ---- keys ----

def with_keys(need="require", *names):
    quoted = ", ".join(f'"{n}"' for n in names or ["release.pub"])
    return f'images = ["registry.example.org/acme"]\nsignatures = "{need}"\nkeys = [{quoted}]\n'


def key_case(name, layers, need="require", key=KEY, **more):
    case(name, layers, with_keys(need), {"release.pub": key.pem()}, **more)


def keys():
    for kind in ("p256", "p384", "p521", "rsa", "ed25519"):
        key = Key(kind)
        key_case(f"key-{kind}", [cosign.layer(OF, key)], key=key)
    key = Key("p384")
    payload = cosign.simple_payload(OF)
    key_case("key-p384-sha384", [cosign.layer(OF, key, signature=key.sign(payload, cosign.hashes.SHA384()))], key=key)
    key_case("key-child", [cosign.layer(OF_CHILD, KEY)])
    key_case("key-bundle", [cosign.bundle(OF, KEY)])
    key_case("key-message", [cosign.bundle(OF, KEY, message=TOP)])
    key_case("key-second", [cosign.layer(OF, STRANGER), cosign.layer(OF, KEY)])
    case("key-other-file", [cosign.layer(OF, KEY)], with_keys("require", "old.pub", "release.pub"),
         {"old.pub": STRANGER.pem(), "release.pub": KEY.pem()})


def bad_keys():
    key_case("none", [])
    key_case("none-allowed", [], need="allow")
    key_case("stranger", [cosign.layer(OF, STRANGER)])
    key_case("stranger-allowed", [cosign.layer(OF, STRANGER)], need="allow")
    key_case("other-image", [cosign.layer(OTHER, KEY)])
    key_case("other-image-bundle", [cosign.bundle(OTHER, KEY)])
    key_case("other-image-message", [cosign.bundle(OTHER, KEY, message=b"another")])
    key_case("two-bad", [cosign.layer(OTHER, KEY), cosign.layer(OF, STRANGER)])
    # Signed is another image, and what is told is this one.
    lie = cosign.layer(OTHER, KEY)
    key_case("payload-changed", [cosign.layer(OF, KEY, signature=KEY.sign(lie.data))])
    key_case("payload-missing", [], manifests=[cosign.manifest([cosign.layer(OF, KEY)])])
    key_case("other-type", [cosign.layer(OF, KEY, payload=cosign.simple_payload(OF, "a \x1b[31mreceipt"))])
    key_case("twice-the-digest", [cosign.layer(OF, KEY, payload=cosign.simple_payload(OF).replace(
        b'"docker-manifest-digest":', b'"docker-manifest-digest":"' + OTHER.encode() + b'","docker-manifest-digest":'))])
    key_case("attestation", [cosign.bundle(OF, KEY, payload=cosign.statement(OF, "https://slsa.dev/provenance/v1"))])
    # A statement that is signed without its type is a signature of something else.
    untyped = json.loads(cosign.bundle(OF, KEY).data)
    untyped["dsseEnvelope"]["signatures"][0]["sig"] = cosign.b64(KEY.sign(cosign.statement(OF)))
    key_case("untyped", [cosign.Layer(cosign.canonical(untyped), cosign.BUNDLE)])
    untyped["dsseEnvelope"]["signatures"] *= 2
    key_case("two-in-one", [cosign.Layer(cosign.canonical(untyped), cosign.BUNDLE)])
    key_case("bundle-truncated", [cosign.Layer(cosign.bundle(OF, KEY).data[:-30], cosign.BUNDLE)])
    key_case("manifest-truncated", [], manifests=[cosign.manifest([cosign.layer(OF, KEY)])[:-9]])
    key_case("no-annotation", [cosign.Layer(cosign.simple_payload(OF), cosign.SIMPLE)])
    key_case("many", [cosign.layer(OF, KEY, payload=cosign.simple_payload(OTHER, ref=str(i))) for i in range(40)])


# ---- identities ----

WHO = f'subject = "{SUBJECT}"\nissuer = "{ISSUER}"\n'


def keyless_case(name, layers, who=WHO, root=None, files=None, anchors='trusted_root = "trusted_root.json"\n'):
    files = files or {"trusted_root.json": root or cosign.trusted_root(REKOR, FULCIO)}
    case(name, layers, f'images = ["registry.example.org/acme/"]\n{anchors}[[identities]]\n{who}', files)


def keyless(cert=None, key=None, rekor=REKOR, at=TIME, of=OF, fulcio=FULCIO, by=None, entry=True, **issue):
    key = key or Key()
    cert = cert or fulcio.issue(key, **issue)
    return cosign.layer(of, key, cert, fulcio, entry=(lambda p, s: rekor.entry(cosign.hashedrekord(p, s, cert), at, by))
                        if entry else None)


def keyless_bundle(rekor=REKOR, kind=cosign.dsse_entry, change=None, message=None, **issue):
    key = Key()
    cert = FULCIO.issue(key, **issue)
    one = cosign.bundle(OF, key, cert, lambda p, s: rekor.entry(kind(p, s, cert)), message=message)
    if change:
        whole = json.loads(one.data)
        change(whole)
        one.data = cosign.canonical(whole)
    return one


def identities():
    keyless_case("identity", [keyless()])
    keyless_case("identity-bundle", [keyless_bundle()])
    keyless_case("identity-message", [keyless_bundle(kind=cosign.hashedrekord, message=TOP)])
    keyless_case("identity-files", [keyless()], anchors='fulcio = ["fulcio.pem"]\nrekor = ["rekor.pub"]\n',
                 files={"fulcio.pem": cosign.pem(FULCIO.root), "rekor.pub": REKOR.key.pem()})
    # Only the intermediate is named: what it makes is trusted, its root is not asked.
    keyless_case("identity-intermediate", [keyless()], anchors='fulcio = ["fulcio.pem"]\nrekor = ["rekor.pub"]\n',
                 files={"fulcio.pem": cosign.pem(FULCIO.intermediate), "rekor.pub": REKOR.key.pem()})
    keyless_case("identity-mail", [keyless(subject="dev@example.org", issuer="https://accounts.example.org")],
                 who='subject = "dev@example.org"\nissuer = "https://accounts.example.org"\n')
    pattern = 'subject_pattern = "https://github.com/acme/*/.github/workflows/*.yml@refs/tags/*"\nissuer_pattern = "https://*.githubusercontent.com"\n'
    keyless_case("identity-pattern", [keyless()], who=pattern)
    keyless_case("identity-pattern-deeper", [keyless(subject=SUBJECT.replace("acme/bpf", "acme/a/b"))], who=pattern)
    keyless_case("identity-star-is-no-pattern", [keyless()], who=f'subject = "*"\nissuer = "{ISSUER}"\n')
    rsa_log = cosign.Rekor("rsa")
    keyless_case("log-rsa", [keyless(rekor=rsa_log)], root=cosign.trusted_root(rsa_log, FULCIO))


def bad_identities():
    keyless_case("wrong-subject", [keyless(subject=SUBJECT.replace("acme", "evil"))])
    keyless_case("wrong-issuer", [keyless(issuer="https://evil.example.org")])
    keyless_case("two-issuers", [keyless(issuer=ISSUER, issuer_raw="https://evil.example.org")])
    keyless_case("two-subjects", [keyless(names=[x509.UniformResourceIdentifier(SUBJECT), x509.RFC822Name("a@b.c")])])
    keyless_case("wrong-log", [keyless(rekor=OTHER_REKOR)])
    keyless_case("forged-log", [keyless(by=STRANGER)])
    keyless_case("no-log", [keyless(entry=False)])
    late = keyless()
    note = json.loads(late.annotations["dev.sigstore.cosign/bundle"])
    note["Payload"]["integratedTime"] -= 1
    late.annotations["dev.sigstore.cosign/bundle"] = json.dumps(note)
    keyless_case("time-changed", [late])
    broken = keyless()
    broken.annotations["dev.sigstore.cosign/bundle"] = broken.annotations["dev.sigstore.cosign/bundle"][:-20]
    keyless_case("log-truncated", [broken])
    one, two = keyless(), keyless()
    one.annotations["dev.sigstore.cosign/bundle"] = two.annotations["dev.sigstore.cosign/bundle"]
    keyless_case("entry-of-another", [one])
    # One key, two signatures of the same by it; one key, two certificates for it; one entry, two texts.
    key = Key()
    cert, again = FULCIO.issue(key), FULCIO.issue(key)
    payload = cosign.simple_payload(OF)
    other = key.sign(payload)
    for name, entry in (("entry-signature", lambda p, s: cosign.hashedrekord(p, other, cert)),
                        ("entry-certificate", lambda p, s: cosign.hashedrekord(p, s, again)),
                        ("entry-payload", lambda p, s: cosign.hashedrekord(b"x", s, cert))):
        keyless_case(name, [cosign.layer(OF, key, cert, FULCIO, lambda p, s, e=entry: REKOR.entry(e(p, s)))])
    keyless_case("entry-verifier", [keyless_bundle(kind=lambda p, s, c: cosign.dsse_entry(p, s, again))])
    keyless_case("entry-envelope", [keyless_bundle(kind=lambda p, s, c: cosign.dsse_entry(p, other, c))])
    keyless_case("no-promise", [keyless_bundle(change=lambda b: b["verificationMaterial"]["tlogEntries"][0].pop("inclusionPromise"))])
    keyless_case("entry-kind", [keyless_bundle(kind=lambda p, s, c: {**cosign.dsse_entry(p, s, c), "kind": "intoto"})])
    keyless_case("entry-hash", [keyless_bundle(kind=lambda p, s, c: cosign.dsse_entry(p + b" ", s, c))])
    keyless_case("expired", [keyless(at=TIME + 3600)])
    keyless_case("too-early", [keyless(at=TIME - 3600)])
    keyless_case("other-authority", [keyless(fulcio=OTHER_FULCIO)])
    # Who has a certificate for himself makes one for somebody else with it.
    rogue = cosign.Fulcio()
    rogue.intermediate = FULCIO.issue(rogue.key, subject=SUBJECT.replace("acme", "evil"), called="evil")
    keyless_case("made-by-a-signer", [keyless(fulcio=rogue)])
    keyless_case("not-for-code", [keyless(usage=False)])
    keyless_case("not-for-signatures", [keyless(digital=False, ca=True)])
    keyless_case("log-not-in-use", [keyless()], root=cosign.trusted_root(REKOR, FULCIO, begins="2026-01-01T00:00:00Z"))
    keyless_case("log-out-of-use", [keyless()], root=cosign.trusted_root(REKOR, FULCIO, ends="2025-01-01T00:00:00.5Z"))
    keyless_case("key-of-nobody", [cosign.layer(OF, STRANGER)])
    key = Key()
    cert = FULCIO.issue(key)
    keyless_case("stolen-certificate", [cosign.layer(OF, STRANGER, cert, FULCIO, entry=lambda p, s:
                                                     REKOR.entry(cosign.hashedrekord(p, s, cert)))])


def certificate_logs():
    with_log = cosign.trusted_root(REKOR, FULCIO, CTLOG)
    keyless_case("sct", [keyless(ctlog=CTLOG)], root=with_log)
    keyless_case("sct-bundle", [keyless_bundle(ctlog=CTLOG)], root=with_log)
    keyless_case("sct-missing", [keyless()], root=with_log)
    keyless_case("sct-other-log", [keyless(ctlog=cosign.CtLog())], root=with_log)
    keyless_case("sct-forged", [keyless(ctlog=CTLOG, ct_key=STRANGER)], root=with_log)
    keyless_case("sct-of-another", [keyless(ctlog=CTLOG, ct_other=True)], root=with_log)
    keyless_case("sct-not-asked", [keyless(ctlog=cosign.CtLog())])
    # For OpenSSL's own check of the same promise.
    key = Key()
    write(f"{ROOT}/ct/leaf.pem", cosign.pem(FULCIO.issue(key, ctlog=CTLOG)))
    write(f"{ROOT}/ct/issuer.pem", cosign.pem(FULCIO.intermediate))
    write(f"{ROOT}/ct/logs.conf", f"enabled_logs=one\n[one]\ndescription=one\nkey={cosign.b64(CTLOG.key.der())}\n")


def policies():
    key_case("none", [])
    case("private", [], with_keys(), {"release.pub": KEY.private_pem()})
    case("no-such-file", [], with_keys(), {})
    case("weak", [], with_keys(), {"release.pub": Key("rsa1024").pem()})
    case("curve", [], with_keys(), {"release.pub": Key("k1").pem()})
    case("certificate-for-key", [], with_keys(), {"release.pub": cosign.pem(FULCIO.root)})
    case("nobody", [], 'images = ["*"]\n', {})
    keyless_case("identity-without-issuer", [], who=f'subject = "{SUBJECT}"\n')
    keyless_case("identity-without-log", [], anchors='fulcio = ["fulcio.pem"]\n', files={"fulcio.pem": cosign.pem(FULCIO.root)})


{"signatures": lambda: [make() for make in (keys, bad_keys, identities, bad_identities, certificate_logs)],
 "policies": policies}[sys.argv[2]]()
