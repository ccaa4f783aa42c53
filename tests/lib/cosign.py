# SPDX-License-Identifier: Apache-2.0
"""
Signatures of images as cosign and sigstore make them, with keys, authorities and logs of a test's own:
what cosign writes with the old .sig tag (layer()), and sigstore's bundle (bundle()).
"""
import base64
import datetime
import hashlib
import json
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
STATEMENT = "application/vnd.in-toto+json"
PREDICATE = "https://sigstore.dev/cosign/sign/v1"
SUBJECT = "https://github.com/acme/bpf/.github/workflows/release.yml@refs/tags/v1"
ISSUER = "https://token.actions.githubusercontent.com"
EPOCH = datetime.datetime(1970, 1, 1)
TIME = 1750000000       # of signatures, unless a test says another


def b64(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def digest(data):
    return "sha256:" + sha256(data)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def when(seconds):
    return EPOCH + datetime.timedelta(seconds=seconds)


class Key:
    """kind: p256, p384, p521, rsa, rsa1024, ed25519, k1 (a curve that nobody takes)"""

    CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1, "k1": ec.SECP256K1}

    def __init__(self, kind="p256"):
        if kind in self.CURVES:
            self.key = ec.generate_private_key(self.CURVES[kind]())
        elif kind == "ed25519":
            self.key = ed25519.Ed25519PrivateKey.generate()
        else:
            self.key = rsa.generate_private_key(65537, 1024 if kind == "rsa1024" else 2048)
        self.kind = kind

    def sign(self, data, digest_of=None):
        hash_of = digest_of or hashes.SHA256()
        if self.kind == "ed25519":
            return self.key.sign(data)
        if self.kind.startswith("rsa"):
            return self.key.sign(data, padding.PKCS1v15(), hash_of)
        return self.key.sign(data, ec.ECDSA(hash_of))

    def der(self):
        return self.key.public_key().public_bytes(serialization.Encoding.DER,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo)

    def pem(self):
        return self.key.public_key().public_bytes(serialization.Encoding.PEM,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo)

    def private_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())

    def id(self):
        return hashlib.sha256(self.der()).digest()


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def utf8(text):
    data = text.encode()
    return bytes([0x0c, *length(len(data))]) + data


def length(n):
    return [n] if n < 128 else [0x81, n] if n < 256 else [0x82, n >> 8, n & 255]


class CtLog:
    """A log of certificates (RFC 6962)."""

    def __init__(self):
        self.key = Key()

    def promise(self, tbs, issuer, at, key=None):
        """The extension's value: a list with one timestamp of the certificate, as it is without it."""
        spki = issuer.public_key().public_bytes(serialization.Encoding.DER,
                                                serialization.PublicFormat.SubjectPublicKeyInfo)
        ms = at * 1000
        what = struct.pack(">BBQH", 0, 0, ms, 1) + hashlib.sha256(spki).digest() + \
            struct.pack(">I", len(tbs))[1:] + tbs + struct.pack(">H", 0)
        signature = (key or self.key).sign(what)
        sct = b"\0" + self.key.id() + struct.pack(">QHBBH", ms, 0, 4, 3, len(signature)) + signature
        one = struct.pack(">H", len(sct)) + sct
        whole = struct.pack(">H", len(one)) + one
        return bytes([0x04, *length(len(whole))]) + whole


class Fulcio:
    """An authority with a root and an intermediate, valid since 2020."""

    def __init__(self, name="sigstore test"):
        self.root_key, self.key = Key("p384"), Key("p384")
        self.root = self._authority(name + " root", name + " root", self.root_key, self.root_key)
        self.intermediate = self._authority(name + " intermediate", name + " root", self.key, self.root_key)

    @staticmethod
    def _name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def _authority(self, name, issuer, key, by):
        b = x509.CertificateBuilder().subject_name(self._name(name)).issuer_name(self._name(issuer))
        b = b.public_key(key.key.public_key()).serial_number(x509.random_serial_number())
        b = b.not_valid_before(when(1577836800)).not_valid_after(when(2208988800))
        b = b.add_extension(x509.BasicConstraints(True, None), True)
        b = b.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
        return b.sign(by.key, hashes.SHA384())

    def issue(self, key, subject=SUBJECT, issuer=ISSUER, begins=TIME - 60, lives=600, usage=True, ca=False, ctlog=None,
              ct_key=None, ct_other=False, names=None, issuer_raw=None, digital=True, called=None):
        """A certificate for the key.  names: of the SAN; issuer_raw: of the old extension; called: a common name."""
        b = x509.CertificateBuilder().subject_name(self._name(called) if called else x509.Name([])).issuer_name(self.intermediate.subject)
        b = b.public_key(key.key.public_key()).serial_number(x509.random_serial_number())
        b = b.not_valid_before(when(begins)).not_valid_after(when(begins + lives))
        if digital:
            b = b.add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), True)
        if usage:
            b = b.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
        if ca:
            b = b.add_extension(x509.BasicConstraints(True, None), True)
        one = x509.UniformResourceIdentifier if "://" in subject else x509.RFC822Name
        b = b.add_extension(x509.SubjectAlternativeName(names or [one(subject)]), True)
        for number, value in ((1, (issuer_raw or issuer).encode()), (8, utf8(issuer))):
            oid = ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}")
            b = b.add_extension(x509.UnrecognizedExtension(oid, value), False)
        cert = b.sign(self.key.key, hashes.SHA384())
        if ctlog:
            tbs = cert.tbs_certificate_bytes
            if ct_other:        # a promise about another certificate
                tbs = tbs[:-1] + bytes([tbs[-1] ^ 1])
            value = ctlog.promise(tbs, self.intermediate, begins, ct_key)
            b = b.add_extension(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), value), False)
            cert = b.sign(self.key.key, hashes.SHA384())
        return cert


class Rekor:
    """A log of signatures."""

    def __init__(self, kind="p256"):
        self.key, self.index = Key(kind), 41

    def entry(self, body, at=TIME, by=None):
        """What the log says of it: cosign's annotation "bundle"."""
        self.index += 1
        payload = {"body": b64(canonical(body)), "integratedTime": at, "logIndex": self.index, "logID": self.key.id().hex()}
        return {"SignedEntryTimestamp": b64((by or self.key).sign(canonical(payload))), "Payload": payload}


def hashedrekord(data, signature, cert):
    return {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": sha256(data)}},
        "signature": {"content": b64(signature), "publicKey": {"content": b64(pem(cert))}}}}


def dsse_entry(payload, signature, cert):
    return {"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": {"algorithm": "sha256", "value": sha256(b"not looked at")},
        "payloadHash": {"algorithm": "sha256", "value": sha256(payload)},
        "signatures": [{"signature": b64(signature), "verifier": b64(pem(cert))}]}}


def simple_payload(of, kind="cosign container image signature", ref="registry.example.org/acme/tool"):
    return canonical({"critical": {"identity": {"docker-reference": ref}, "image": {"docker-manifest-digest": of},
                                   "type": kind}, "optional": None})


class Layer:
    """A layer of a signature's manifest: its bytes, and what its descriptor says besides."""

    def __init__(self, data, media, annotations=None):
        self.data, self.media, self.annotations = data, media, annotations or {}

    def descriptor(self):
        return {"mediaType": self.media, "digest": digest(self.data), "size": len(self.data), "annotations": self.annotations}


def layer(of, key, cert=None, fulcio=None, entry=None, payload=None, signature=None):
    """A signature as it lies under the tag sha256-HEX.sig.  entry: the log's, or a function of (payload, signature)."""
    payload = payload or simple_payload(of)
    signature = signature or key.sign(payload)
    notes = {"dev.cosignproject.cosign/signature": b64(signature)}
    if cert:
        notes["dev.sigstore.cosign/certificate"] = pem(cert).decode()
        if fulcio:
            notes["dev.sigstore.cosign/chain"] = (pem(fulcio.intermediate) + pem(fulcio.root)).decode()
    if entry:
        notes["dev.sigstore.cosign/bundle"] = json.dumps(entry(payload, signature) if callable(entry) else entry)
    return Layer(payload, SIMPLE, notes)


def preauth(payload):
    return b"DSSEv1 %d %s %d " % (len(STATEMENT), STATEMENT.encode(), len(payload)) + payload


def statement(of, predicate=PREDICATE):
    return canonical({"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate, "predicate": {},
                      "subject": [{"name": "x", "digest": {"sha256": of.split(":")[1]}}]})


def bundle(of, key, cert=None, entry=None, payload=None, message=None):
    """sigstore's bundle: of a statement in a DSSE envelope, or with message of the manifest itself."""
    payload = payload or statement(of)
    material = {"certificate": {"rawBytes": b64(der(cert))}} if cert else {"publicKey": {"hint": b64(key.id())}}
    whole = {"mediaType": BUNDLE, "verificationMaterial": material}
    if message is not None:
        signature = key.sign(message)
        whole["messageSignature"] = {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(message).digest())},
                                     "signature": b64(signature)}
    else:
        signature = key.sign(preauth(payload))
        whole["dsseEnvelope"] = {"payload": b64(payload), "payloadType": STATEMENT, "signatures": [{"sig": b64(signature)}]}
    if entry:
        e = entry(payload if message is None else message, signature)
        kind = json.loads(base64.b64decode(e["Payload"]["body"]))
        material["tlogEntries"] = [{
            "logIndex": str(e["Payload"]["logIndex"]), "logId": {"keyId": b64(bytes.fromhex(e["Payload"]["logID"]))},
            "kindVersion": {"kind": kind["kind"], "version": kind["apiVersion"]},
            "integratedTime": str(e["Payload"]["integratedTime"]),
            "inclusionPromise": {"signedEntryTimestamp": e["SignedEntryTimestamp"]},
            "canonicalizedBody": e["Payload"]["body"]}]
    return Layer(canonical(whole), BUNDLE)


def manifest(layers, subject=None, artifact=None):
    """The manifest of signatures, with its configuration's bytes."""
    config = b"{}"
    whole = {"schemaVersion": 2, "mediaType": MANIFEST,
             "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(config), "size": len(config)},
             "layers": [one.descriptor() for one in layers]}
    if artifact:
        whole["artifactType"] = artifact
    if subject:
        whole["subject"] = {"mediaType": MANIFEST, "digest": digest(subject), "size": len(subject)}
    return canonical(whole)


def trusted_root(rekor, fulcio, ctlog=None, begins="2020-01-01T00:00:00Z", ends=None):
    valid = {"start": begins, **({"end": ends} if ends else {})}

    def log(one):
        return {"baseUrl": "https://log.example.org", "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(one.key.id())},
                "publicKey": {"rawBytes": b64(one.key.der()), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid}}

    return json.dumps({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": [log(rekor)],
        "certificateAuthorities": [{"subject": {"commonName": "x"}, "uri": "https://ca.example.org", "validFor": valid,
                                    "certChain": {"certificates": [{"rawBytes": b64(der(fulcio.intermediate))},
                                                                   {"rawBytes": b64(der(fulcio.root))}]}}],
        "ctlogs": [log(ctlog)] if ctlog else [], "timestampAuthorities": []}).encode()
