/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle is a header, then each blob's record and bytes, then the SHA-256 of all before it: blobs
 * have digests of their own, but roles, media types and the reference have not.
 */
#include <errno.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "ipc/chan.h"
#include "oci/oci.h"

#define MAGIC 0x4266706fu
#define FORMAT 1u
#define SUM_LEN 32

struct header {
	uint32_t magic, version, n, zero;
	char ref[IMAGE_REF_MAX];
};

struct record {
	uint64_t len;
	uint32_t role, zero;
	struct oci_desc desc;
};
_Static_assert(sizeof(struct record) == 16 + 128 + IMAGE_DIGEST_MAX + 8, "no holes");

int
oci_bundle_pack(const char *ref, const struct oci_blob *blobs, size_t n, void **out, size_t *len)
{
	struct header h = { .magic = MAGIC, .version = FORMAT, .n = (uint32_t)n };
	size_t all = sizeof(h) + SUM_LEN;
	uint8_t *p, *at;

	if (n > OCI_BUNDLE_BLOBS_MAX || strlen(ref) >= sizeof(h.ref))
		return -EINVAL;
	strcpy(h.ref, ref);
	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(all, blobs[i].len + sizeof(struct record), &all))
			return -EINVAL;
	p = at = malloc(all);
	if (!p)
		return -ENOMEM;
	at = mempcpy(at, &h, sizeof(h));
	for (size_t i = 0; i < n; i++) {
		const struct record r = { .len = blobs[i].len, .role = blobs[i].role, .desc = blobs[i].desc };

		at = mempcpy(at, &r, sizeof(r));
		at = mempcpy(at, blobs[i].bytes, blobs[i].len);
	}
	oci_sha256(p, (size_t)(at - p), at);
	*out = p;
	*len = all;
	return 0;
}

static int
damaged(struct oci_why *why, const char *what)
{
	return oci_refuse(why, -EBADMSG, "the stored image is damaged: %s; pull it again", what);
}

static int
read_blob(const uint8_t *at, size_t left, struct oci_blob *out, struct oci_why *why)
{
	struct record r;

	if (left < sizeof(r))
		return damaged(why, "it is too short");
	memcpy(&r, at, sizeof(r));
	if (r.role >= N_OCI_ROLES || !IPC_STR_OK(r.desc.media) || !IPC_STR_OK(r.desc.digest))
		return damaged(why, "a part of it is of no known kind");
	if (r.len > left - sizeof(r) || r.len != r.desc.size)
		return damaged(why, "a part of it has another size");
	if (!oci_digest_is(r.desc.digest, at + sizeof(r), r.len))
		return damaged(why, "a part of it has another digest");
	*out = (struct oci_blob){ .role = (enum oci_role)r.role, .desc = r.desc, .bytes = at + sizeof(r), .len = r.len };
	return 0;
}

int
oci_bundle_open(const void *bytes, size_t len, char ref[IMAGE_REF_MAX], struct oci_blob *blobs, size_t *n,
	struct oci_why *why)
{
	const uint8_t *at = bytes;
	uint8_t sum[SUM_LEN];
	struct header h;
	size_t left;

	if (len < sizeof(h) + SUM_LEN)
		return damaged(why, "it is too short");
	left = len - SUM_LEN;
	oci_sha256(bytes, left, sum);
	if (memcmp(sum, at + left, SUM_LEN) != 0)
		return damaged(why, "its checksum is another");
	memcpy(&h, at, sizeof(h));
	if (h.magic != MAGIC || h.version != FORMAT || h.n > OCI_BUNDLE_BLOBS_MAX || !IPC_STR_OK(h.ref))
		return damaged(why, "it is of another version of bpfd");
	at += sizeof(h);
	left -= sizeof(h);
	for (uint32_t i = 0; i < h.n; i++) {
		size_t took;
		int err = read_blob(at, left, &blobs[i], why);

		if (err)
			return err;
		took = sizeof(struct record) + blobs[i].len;
		at += took;
		left -= took;
	}
	if (left)
		return damaged(why, "there is more than it says");
	memcpy(ref, h.ref, IMAGE_REF_MAX);
	*n = h.n;
	return 0;
}
