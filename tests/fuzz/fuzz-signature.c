/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies beside an image, by the first byte: annotations of a layer, 0 and what is signed; a bundle
 * of sigstore's; a manifest of signatures; a certificate; a list of what refers to the image.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signature/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A public key: the base point of P-256.  It is the trusted one, and that of all logs. */
static const uint8_t key[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
	0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98,
	0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b,
	0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5 };
static const char image[] = "{}";

static const struct image_trust *
trusted(void)
{
	static struct image_trust t;

	if (t.magic)
		return &t;
	trust_init(&t);
	t.n_policies = t.n_places = t.n_keys = t.n_identities = 1;
	t.policies[0].need = TRUST_REQUIRE;
	memcpy(t.der, key, sizeof(key));
	t.der_len = sizeof(key);
	strcpy(t.keys[0].name, "a.pub");
	strcpy(t.identities[0].subject, "**");
	strcpy(t.identities[0].issuer, "**");
	t.identities[0].flags = TRUST_IDENTITY_FLAGS;
	t.keys[0].der.len = sizeof(key);
	t.n_anchors = 2;
	t.anchors[0] = (struct trust_anchor){ { .len = sizeof(key) }, 0, TRUST_REKOR };
	t.anchors[1] = (struct trust_anchor){ { .len = sizeof(key) }, 0, TRUST_CTLOG };
	if (signature_start() || trust_check(&t))
		abort();
	return &t;
}

/* Of no seed is the signature good, and none will be found by chance. */
static void
decide(const void *manifest, size_t len, const void *blob, size_t blob_len)
{
	static struct image_facts facts;
	struct oci_blob blobs[] = { { OCI_ROLE_TOP, { .size = 2 }, image, 2 }, { OCI_ROLE_SIGNATURE, { .size = len }, manifest, len },
		{ OCI_ROLE_SIGNATURE_BLOB, { .size = blob_len }, blob, blob_len } };
	struct oci_why why;

	oci_digest(blob, blob_len, blobs[2].desc.digest);
	oci_digest(image, 2, facts.digest);
	strcpy(facts.manifest, facts.digest);
	strcpy(facts.ref, "r.example.org/x:1");
	if (signature_decide(trusted(), blobs, 3, &facts, &why) != -EKEYREJECTED)
		abort();
}

static void
layer(const char *media, json_t *annotations, const void *blob, size_t len)
{
	char digest[IMAGE_DIGEST_MAX], *text;
	json_t *manifest;

	oci_digest(blob, len, digest);
	manifest = json_pack("{s:[{s:s,s:s,s:o*}]}", "layers", "mediaType", media, "digest", digest, "annotations", annotations);
	text = manifest ? json_dumps(manifest, 0) : NULL;
	if (text)
		decide(text, strlen(text), blob, len);
	free(text);
	json_decref(manifest);
}

static void
certificate(const uint8_t *data, size_t size)
{
	const char *digests[2] = { NULL, NULL };
	struct sig_case c = { trusted(), 0, NULL, 0, { digests[0], digests[1] } };
	AUTO(x509) X509 *cert = sig_certificate(data, size);
	struct sig_finding found = { 0 };
	struct sig s = { .cert = cert, .entry.integrated_s = 1750000000 };
	AUTO(x509) X509 *issuer = NULL;
	struct oci_why why;

	if (!cert)
		return;
	if (certificate_identity(cert, &found, &why) == 0 && (!found.signer[0] || !found.issuer[0]))
		abort();
	if (sct_check(&c, cert, cert, &why) == 0 || certificate_check(&c, &s, &issuer, &why) == 0)
		abort();
}

static void
referrers(const uint8_t *data, size_t size)
{
	struct oci_desc out[4];
	struct oci_why why;
	size_t n = ARRAY_SIZE(out);

	if (signature_referrers(data, size, out, &n, &why) == 0 && n > ARRAY_SIZE(out))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul;

	trusted();
	if (size < 2)
		return 0;
	data++;
	size--;
	switch (data[-1]) {
	case 's':
		nul = memchr(data, 0, size);
		if (nul)
			layer("application/vnd.dev.cosign.simplesigning.v1+json", sig_json(data, (size_t)(nul - data)), nul + 1,
				size - (size_t)(nul + 1 - data));
		break;
	case 'b':
		layer("application/vnd.dev.sigstore.bundle.v0.3+json", NULL, data, size);
		break;
	case 'm':
		decide(data, size, image, 2);
		break;
	case 'c':
		certificate(data, size);
		break;
	default:
		referrers(data, size);
	}
	return 0;
}
