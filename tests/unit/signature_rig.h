/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_SIGNATURE_RIG_H
#define BPFD_TESTS_SIGNATURE_RIG_H

/*
 * Images and signatures that signature-cases.py makes anew for each run, against the policies beside
 * them, from the text of trust.d to the verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "config/trust.h"
#include "ipc/bundle.h"
#include "signature/signature.h"

#define FILES_MAX	64

static char folder[] = "/tmp/test-signature-XXXXXX";
static struct image_trust trust;
static struct image_facts facts;
static struct oci_why why;
static char mistakes[4096];

struct file { char name[NAME_MAX + 1]; char *bytes; size_t len; };
struct files { struct file f[FILES_MAX]; size_t n; };

static inline int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static inline void
read_file(const char *path, struct file *out)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	out->bytes = malloc(1 << 18);
	assert_non_null(out->bytes);
	out->len = fread(out->bytes, 1, 1 << 18, f);
	fclose(f);
	out->bytes = realloc(out->bytes, out->len + !out->len);		/* for AddressSanitizer: no more than there is */
}

static inline void
read_folder(const char *path, struct files *out)
{
	char name[2 * PATH_MAX];
	DIR *d = opendir(path);
	const struct dirent *e;

	out->n = 0;
	assert_non_null(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || e->d_type == DT_DIR)
			continue;
		assert_true(out->n < FILES_MAX);
		snprintf(out->f[out->n].name, sizeof(out->f[0].name), "%s", e->d_name);
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		read_file(name, &out->f[out->n++]);
	}
	closedir(d);
	qsort(out->f, out->n, sizeof(out->f[0]), by_name);
}

static inline void
free_files(struct files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->f[i].bytes);
}

static inline void
read_policies(const struct bundle_file *in, size_t n)
{
	FILE *errors = fmemopen(mistakes, sizeof(mistakes), "we");
	void *bytes;
	size_t len;

	assert_int_equal(bundle_pack(in, n, &bytes, &len), 0);
	memset(mistakes, 0, sizeof(mistakes));
	assert_int_equal(trust_read_bundle(bytes, len, errors, &trust), 0);
	fclose(errors);
	assert_int_equal(trust_check(&trust), 0);
	free(bytes);
}

static inline void
read_trust(const char *name)
{
	static struct files files;
	struct bundle_file in[FILES_MAX] = { 0 };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/trust.d", folder, name);
	read_folder(path, &files);
	for (size_t i = 0; i < files.n; i++)
		in[i] = (struct bundle_file){ BUNDLE_TRUST, false, files.f[i].name, files.f[i].bytes, files.f[i].len };
	read_policies(in, files.n);
	free_files(&files);
}

static inline enum oci_role
role_of(const char *name)
{
	static const char *const roles[N_OCI_ROLES] = { [OCI_ROLE_TOP] = "top", [OCI_ROLE_MANIFEST] = "manifest",
		[OCI_ROLE_SIGNATURE] = "signature", [OCI_ROLE_SIGNATURE_BLOB] = "blob" };

	for (size_t i = 0; i < N_OCI_ROLES; i++)
		if (roles[i] && strcmp(roles[i], name) == 0)
			return i;
	fail_msg("no role %s", name);
	return 0;
}

static inline int
decide_for(const char *name, const char *ref)
{
	static struct files files;
	struct oci_blob blobs[FILES_MAX] = { 0 };
	char path[PATH_MAX];
	int err;

	read_trust(name);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	read_folder(path, &files);
	memset(&facts, 0, sizeof(facts));
	snprintf(facts.ref, sizeof(facts.ref), "%s", ref);
	for (size_t i = 0; i < files.n; i++) {
		struct oci_blob *b = &blobs[i];

		*b = (struct oci_blob){ role_of(files.f[i].name + 3), { .size = files.f[i].len }, files.f[i].bytes, files.f[i].len };
		oci_digest(b->bytes, b->len, b->desc.digest);
	}
	assert_string_equal(files.f[0].name, "00-top");
	memcpy(facts.digest, blobs[0].desc.digest, sizeof(facts.digest));
	memcpy(facts.manifest, blobs[1].desc.digest, sizeof(facts.manifest));
	memset(&why, 0, sizeof(why));
	err = signature_decide(&trust, blobs, files.n, &facts, &why);
	free_files(&files);
	return err;
}

/* 0, or what is wrong; then nothing of a signature may be told. */
static inline int
decide(const char *name)
{
	int err = decide_for(name, "registry.example.org/acme/tool:1");

	if (err) {
		assert_int_equal(facts.signature, IMAGE_UNSIGNED);
		assert_string_equal(facts.signer, "");
		assert_int_equal(facts.signed_s, 0);
	}
	return err;
}

static inline void
refused(const char *name, const char *because)
{
	assert_int_equal(decide(name), -EKEYREJECTED);
	if (!strstr(why.text, because))
		fail_msg("%s: \"%s\" does not say \"%s\"", name, why.text, because);
}

static inline int
make_cases(const char *which)
{
	char command[2 * PATH_MAX];

	if (!mkdtemp(folder))
		return -1;
	snprintf(command, sizeof(command), "/usr/bin/python3 %s/tests/unit/signature-cases.py %s %s", TEST_SRCDIR, folder,
		which);
	/* The sanitizer's runtime is not for python's libraries. */
	unsetenv("LD_PRELOAD");
	return system(command) || signature_start() ? -1 : 0;
}

static inline int
remove_cases(void **state)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

#endif
