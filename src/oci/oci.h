/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_OCI_OCI_H
#define BPFD_OCI_OCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/image.h"

/*
 * OCI images as bytes: references, digests, manifests (image-spec 1.1, and Docker's schema 2), layers,
 * labels, docker's file of credentials, and the bundle in which a pulled image is kept.  Pure: nothing
 * here opens a file or a socket.  Functions that can refuse say why in *why, for a person.  Who
 * enters a sandbox calls json_object_seed(0) before: jansson reads /dev/urandom for it.
 */
struct oci_why { char text[512]; };

/* Says why, for a person: foreign text in it goes through LOG_QUOTE().  Returns err. */
int	oci_refuse(struct oci_why *why, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- reference.c: [HOST[:PORT]/]NAME[:TAG][@sha256:HEX] ---- */

#define OCI_HOST_MAX 256
struct oci_ref {
	char host[OCI_HOST_MAX];	/* in its one spelling; "docker.io" for none */
	char endpoint[OCI_HOST_MAX];		/* whom to ask, with port if one was named: registry-1.docker.io */
	char name[256];			/* with library/ where docker.io wants it */
	char tag[129];			/* "" when only a digest was named; "latest" for neither */
	char digest[IMAGE_DIGEST_MAX];	/* "" for none */
};
int	oci_ref_parse(const char *text, struct oci_ref *out, struct oci_why *why);	/* -EINVAL */
/* HOST or HOST:PORT in its one spelling: lower case, without :443, one name for docker.io.  -EINVAL. */
int	oci_host_parse(const char *text, size_t len, char out[OCI_HOST_MAX], struct oci_why *why);
/* host/name:tag or host/name@digest.  -ENAMETOOLONG. */
int	oci_ref_text(const struct oci_ref *r, char *out, size_t room);

/* ---- digest.c ---- */

void	oci_sha256(const void *bytes, size_t len, uint8_t out[32]);
void	oci_digest(const void *bytes, size_t len, char out[IMAGE_DIGEST_MAX]);
bool	oci_digest_ok(const char *text);		/* of the only algorithm taken: sha256 */
bool	oci_digest_is(const char *digest, const void *bytes, size_t len);

/* ---- manifest.c ---- */

#define OCI_MEDIA_INDEX		"application/vnd.oci.image.index.v1+json"
#define OCI_MEDIA_MANIFEST	"application/vnd.oci.image.manifest.v1+json"
#define OCI_MEDIA_CONFIG	"application/vnd.oci.image.config.v1+json"
#define OCI_MEDIA_LAYER		"application/vnd.oci.image.layer.v1.tar"	/* +gzip, +zstd */
#define OCI_MEDIA_DOCKER_LIST	"application/vnd.docker.distribution.manifest.list.v2+json"
#define OCI_MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define OCI_MEDIA_DOCKER_CONFIG	"application/vnd.docker.container.image.v1+json"
#define OCI_MEDIA_DOCKER_LAYER	"application/vnd.docker.image.rootfs.diff.tar"	/* .gzip */

struct oci_desc {			/* a descriptor: of a blob or a manifest */
	char media[128], digest[IMAGE_DIGEST_MAX];
	uint64_t size;
};
enum oci_kind { OCI_INDEX, OCI_MANIFEST };
#define OCI_LAYERS_MAX 64
struct oci_manifest {
	enum oci_kind kind;
	struct oci_desc config;
	struct oci_desc layers[OCI_LAYERS_MAX];
	uint32_t n_layers;
	struct oci_desc subject;	/* digest "" for none */
};
/* Of an index or manifest.  Duplicate keys, sizes below 0, digests of another kind: -EINVAL. */
int	oci_manifest_parse(const void *json, size_t len, struct oci_manifest *out, struct oci_why *why);
/* The manifest for linux/ARCH of an index.  -ENOENT: why names those there are. */
int	oci_index_pick(const void *json, size_t len, const char *arch, struct oci_desc *out, struct oci_why *why);
const char *oci_this_arch(void);	/* Go's name of this machine's */

/* ---- config.c: the labels io.ebpf.programs and io.ebpf.maps of an image's configuration ---- */
#define OCI_LABEL_PROGRAMS	"io.ebpf.programs"
#define OCI_LABEL_MAPS		"io.ebpf.maps"
int	oci_config_parse(const void *json, size_t len, struct image_facts *out, struct oci_why *why);

/* ---- layer.c: a tar of gzip, zstd or neither that holds one regular file, an ELF object for BPF ---- */
struct oci_limits { uint64_t object_bytes, layer_bytes; };	/* layer: once decompressed */
/* *object is allocated.  -EINVAL, -EFBIG. */
int	oci_layer_object(const struct oci_desc *layer, const void *bytes, size_t len, const struct oci_limits *limits,
		void **object, size_t *object_len, struct oci_why *why);

/* ---- object.c: what an object has, and what the labels say of it ---- */
/* Its programs and maps with their types, "" where that cannot be told, into out->programs and out->maps.  -EINVAL. */
int	oci_object_names(const void *object, size_t len, struct image_facts *out, struct oci_why *why);
/* Every name of the labels must be in the object, as what the label says; the object may have more.  -EINVAL. */
int	oci_object_check(const void *object, size_t len, const struct image_facts *labels, struct oci_why *why);

/* ---- auth.c: docker's config.json, containers' auth.json ---- */
struct oci_auth { char username[256], password[8192], identity_token[8192]; };
/* Those for the registry, most exact entry first.  -ENOENT: none; -EINVAL. */
int	oci_auth_find(const void *json, size_t len, const struct oci_ref *ref, struct oci_auth *out, struct oci_why *why);

/* ---- bundle.c: an image as it is stored: every blob that it was made of, and its signatures ---- */
enum oci_role { OCI_ROLE_TOP, OCI_ROLE_MANIFEST, OCI_ROLE_CONFIG, OCI_ROLE_LAYER,
	OCI_ROLE_SIGNATURE,	/* manifest of one */
	OCI_ROLE_SIGNATURE_BLOB, N_OCI_ROLES };
struct oci_blob { enum oci_role role; struct oci_desc desc; const void *bytes; size_t len; };
#define OCI_BUNDLE_BLOBS_MAX 256
/* *out is allocated.  -EINVAL: more blobs than that, or too long a name; -ENOMEM. */
int	oci_bundle_pack(const char *ref, const struct oci_blob *blobs, size_t n, void **out, size_t *len);
/* blobs point into bytes, which stay the caller's; every digest and size is checked.  -EBADMSG. */
int	oci_bundle_open(const void *bytes, size_t len, char ref[IMAGE_REF_MAX], struct oci_blob *blobs, size_t *n,
		struct oci_why *why);

/*
 * ---- image.c: blobs to an image ----
 *
 * First what it is: picks the manifest for the architecture, checks every digest and size, reads the
 * labels.  Fills in facts but for the object's and the signature's members and bundle_bytes.  ref: as the user
 * wrote it; one with a digest is of this image or none.  -EBADMSG: digest or size; -EINVAL, -ENOENT.
 */
int	oci_image_read(const char *ref, const struct oci_blob *blobs, size_t n, const char *arch, struct image_facts *facts,
		struct oci_why *why);
/*
 * Then, once signature_decide() has agreed to it, so that nothing is unpacked that is not trusted: the
 * object, compared with the labels.  Fills in the object's facts; *object is allocated.
 */
int	oci_image_object(const struct oci_blob *blobs, size_t n, const struct oci_limits *limits, struct image_facts *facts,
		void **object, size_t *object_len, struct oci_why *why);

#endif
