/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read-layout DIR[:TAG] [ARCH]: takes an image of an OCI layout as bpfd takes one from a registry, and says
 * what it is in lines "KEY VALUE".  For tests of what other tools have made.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "image/layout.h"

static struct oci_why why;

static int
add(int dir_fd, enum oci_role role, const struct oci_desc *d, struct oci_blob *blobs, size_t *n)
{
	void *bytes;
	int err = layout_blob(dir_fd, d, 64 << 20, &bytes, &why);

	if (!err)
		blobs[(*n)++] = (struct oci_blob){ role, *d, bytes, (size_t)d->size };
	return err;
}

/* As a pull does: the image, its manifest, what that names. */
static int
collect(int dir_fd, const struct oci_desc *top, const char *arch, struct oci_blob *blobs, size_t *n)
{
	static struct oci_manifest m;
	struct oci_desc d;
	int err = add(dir_fd, OCI_ROLE_TOP, top, blobs, n);

	if (!err)
		err = oci_manifest_parse(blobs[0].bytes, blobs[0].len, &m, &why);
	if (!err && m.kind == OCI_INDEX) {
		err = oci_index_pick(blobs[0].bytes, blobs[0].len, arch, &d, &why);
		if (!err)
			err = add(dir_fd, OCI_ROLE_MANIFEST, &d, blobs, n);
		if (!err)
			err = oci_manifest_parse(blobs[1].bytes, blobs[1].len, &m, &why);
	}
	if (!err)
		err = add(dir_fd, OCI_ROLE_CONFIG, &m.config, blobs, n);
	return err || m.n_layers == 0 ? err : add(dir_fd, OCI_ROLE_LAYER, &m.layers[0], blobs, n);
}

static void
print(const struct image_facts *f)
{
	printf("digest %s\nmanifest %s\narch %s\nobject_bytes %llu\nobject_sha256 ", f->digest, f->manifest, f->arch,
		(unsigned long long)f->object_bytes);
	for (size_t i = 0; i < sizeof(f->object_sha256); i++)
		printf("%02x", f->object_sha256[i]);
	for (uint32_t i = 0; i < f->n_programs; i++)
		printf("\nprogram %s %s", f->programs[i].name, f->programs[i].kind);
	for (uint32_t i = 0; i < f->n_maps; i++)
		printf("\nmap %s %s", f->maps[i].name, f->maps[i].kind);
	printf("\n");
}

int
main(int argc, char **argv)
{
	const struct oci_limits limits = { .object_bytes = 16 << 20, .layer_bytes = 32 << 20 };
	static struct image_facts f;
	char *tag = argc > 1 ? strrchr(argv[1], ':') : NULL;
	const char *arch = argc > 2 ? argv[2] : oci_this_arch();
	struct oci_blob blobs[4];
	struct oci_desc top;
	AUTO(mem) void *object = NULL;
	AUTO(fd) int dir_fd = -1;
	size_t n = 0, len;
	int err;

	if (tag)
		*tag++ = '\0';
	dir_fd = argc > 1 ? open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir_fd < 0)
		return fprintf(stderr, "read-layout DIR[:TAG] [ARCH]\n"), 2;
	err = layout_find(dir_fd, tag, &top, &why);
	if (!err)
		err = collect(dir_fd, &top, arch, blobs, &n);
	if (!err)
		err = oci_image_read("localhost/image:test", blobs, n, arch, &f, &why);
	if (!err)
		err = oci_image_object(blobs, n, &limits, &f, &object, &len, &why);
	if (err)
		fprintf(stderr, "%s\n", why.text);
	else
		print(&f);
	while (n)
		free((void *)(uintptr_t)blobs[--n].bytes);
	return err ? 1 : 0;
}
