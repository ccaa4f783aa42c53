/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_IMAGE_H
#define BPFD_IPC_IMAGE_H

#include <stdint.h>

/*
 * A bytecode image, as it goes between bpfd-api and bpfd-fetch: flat, without pointers, each struct
 * alone in a sealed memfd and checked by who receives it.  Strings end with NUL and are UTF-8 without
 * controls; "": not said.
 */
#define IMAGE_REF_MAX		512	/* with NUL, as are all of these */
#define IMAGE_DIGEST_MAX	72	/* "sha256:" and 64 hexadecimal digits */
#define IMAGE_NAMES_MAX		256
#define IMAGE_REQUEST_MAGIC	0x51726d69u
#define IMAGE_FACTS_MAGIC	0x46726d69u

/* As bpfman.v1 numbers them. */
enum image_pull { IMAGE_PULL_ALWAYS, IMAGE_PULL_IF_NOT_PRESENT, IMAGE_PULL_NEVER, N_IMAGE_PULLS };

enum image_mode {
	IMAGE_PULL,	/* from its registry */
	IMAGE_CHECK,	/* of a stored bundle, without any network: digests, labels, signatures anew */
};

struct image_request {
	uint32_t magic, mode;		/* enum image_mode */
	char ref[IMAGE_REF_MAX];	/* as the user wrote it */
	char username[256];		/* "": those of root's file, or none */
	char password[8192];		/* wiped by who has read it */
	char arch[32];			/* as Go names it; "": this machine's */
};

/* What became of the policy for the image's place, see signature/trust.h. */
enum image_signature {
	IMAGE_UNSIGNED,		/* none found, and none is required */
	IMAGE_SIGNED_KEY,	/* by a key of the administrator's */
	IMAGE_SIGNED_IDENTITY,	/* by a trusted identity (certificate and log) */
	IMAGE_SIGNED_UNKNOWN,	/* signed, but by nobody who is trusted, and none is required */
	N_IMAGE_SIGNATURES
};

struct image_name { char name[128], kind[32]; };	/* of a label: program or map, and its type */

struct image_facts {
	uint32_t magic, signature;		/* enum image_signature */
	uint32_t n_programs, n_maps;
	uint64_t object_bytes, bundle_bytes, layer_bytes;	/* layer: as it came, compressed */
	uint64_t signed_s;			/* time of the log's entry, seconds since 1970; 0: none */
	uint8_t object_sha256[32];
	char ref[IMAGE_REF_MAX];		/* in full: host/name:tag or host/name@digest */
	char digest[IMAGE_DIGEST_MAX];		/* what the reference resolved to: an index, or the manifest */
	char manifest[IMAGE_DIGEST_MAX];	/* of this architecture */
	char layer[IMAGE_DIGEST_MAX], config[IMAGE_DIGEST_MAX];
	char arch[32], os[32];
	char created[64];
	char signer[512];			/* name of the key, or the certificate's identity */
	char issuer[256];
	struct image_name programs[IMAGE_NAMES_MAX], maps[IMAGE_NAMES_MAX];
};

/* 0, or -EINVAL: magic, counts, enums, strings. */
int	image_request_check(const struct image_request *r);
int	image_facts_check(const struct image_facts *f);

#endif
