/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "image/command.h"
#include "image/file.h"
#include "image/layout.h"
#include "image/reach.h"
#include "oci/json.h"
#include "registry/registry.h"

#define WORD "push"
#define PREFIX "docker://"	/* as other tools want it written */
#define MANIFEST_MAX (4u << 20)
#define BLOB_MAX (1u << 30)
#define IDLE_MS 30000
#define TOTAL_MS 300000
#define RETRIES 3

static const struct registry_words options = { .plain = "--plain-http", .ca = "--ca-file", .auth = "--auth-file",
	.time = "--timeout" };

struct push {
	char *layout;
	const char *ref_text, *auth_file, *ca_file;
	struct command_output output;
	struct registry_setup setup;
	int dir_fd;
	struct registry *registry;	/* borrowed */
};

AUTO_DEFINE(registry, struct registry *, registry_free)

static int
set_timeout(struct push *p, const char *text, struct oci_why *why)
{
	char *end;
	const double s = strtod(text, &end);

	if (*end || end == text || !(s >= 0 && s <= 86400))
		return oci_refuse(why, -EINVAL, "--timeout is a number of seconds, not %s", LOG_QUOTE(text));
	p->setup.total_ms = s > 0 ? (unsigned int)(s * 1000) : UINT32_MAX;
	return 0;
}

static int
read_args(struct push *p, int argc, char **argv, struct oci_why *why)
{
	static const struct option opts[] = {
		{ "auth-file", required_argument, NULL, 'a' }, { "ca-file", required_argument, NULL, 'c' },
		{ "plain-http", no_argument, NULL, 'p' }, { "timeout", required_argument, NULL, 't' },
		{ "output", required_argument, NULL, 'o' }, { "quiet", no_argument, NULL, 'q' }, { 0 },
	};
	int opt, err = 0;

	opterr = 0;
	while (!err && (opt = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (opt == 'a')
			p->auth_file = optarg;
		else if (opt == 'c')
			p->ca_file = optarg;
		else if (opt == 'p')
			p->setup.plain = true;
		else if (opt == 't')
			err = set_timeout(p, optarg, why);
		else if (opt == 'o')
			p->output.format = optarg;
		else if (opt == 'q')
			p->output.quiet = true;
		else
			err = oci_refuse(why, -EINVAL, "%s is no option of it", LOG_QUOTE(argv[optind - 1]));
	}
	if (!err && argc - optind != 2)
		err = oci_refuse(why, -EINVAL, "write the layout and the image's name: DIR[:TAG] IMAGE");
	if (err)
		return err;
	p->layout = argv[optind];
	p->ref_text = argv[optind + 1];
	return 0;
}

static int
push_blob(struct push *p, const struct oci_desc *d, struct oci_why *why)
{
	AUTO(mem) void *bytes = NULL;
	int err = layout_blob(p->dir_fd, d, BLOB_MAX, &bytes, why);

	if (!err)
		err = registry_push_blob(p->registry, d, bytes, why);
	return err < 0 ? err : 0;
}

/* What a manifest names goes before it: a registry refuses one whose parts it lacks. */
static int
push_image(struct push *p, const struct oci_desc *d, const char *name, const struct oci_manifest *m, const void *bytes,
	struct oci_why *why)
{
	int err = push_blob(p, &m->config, why);

	for (uint32_t i = 0; i < m->n_layers && !err; i++)
		err = push_blob(p, &m->layers[i], why);
	return err ? err : registry_push_manifest(p->registry, name, d, bytes, why);
}

static int
push_manifest(struct push *p, const struct oci_desc *d, const char *name, struct oci_why *why)
{
	AUTO(mem) struct oci_manifest *m = calloc(1, sizeof(*m));
	AUTO(mem) void *bytes = NULL;
	int err = m ? layout_blob(p->dir_fd, d, MANIFEST_MAX, &bytes, why) : -ENOMEM;

	if (!err)
		err = oci_manifest_parse(bytes, (size_t)d->size, m, why);
	if (!err && m->kind != OCI_MANIFEST)
		err = oci_refuse(why, -EINVAL, "the index leads to another index");
	return err ? err : push_image(p, d, name, m, bytes, why);
}

/* Each image by its digest, then the index by its name. */
static int
push_index(struct push *p, const struct oci_desc *d, const char *name, const void *bytes, struct oci_why *why)
{
	AUTO(json) json_t *root = NULL;
	const json_t *entry;
	size_t i;
	int err = oci_json_load(bytes, (size_t)d->size, "the index", &root, why);

	if (err)
		return err;
	json_array_foreach(json_object_get(root, "manifests"), i, entry) {
		struct oci_desc child;

		err = oci_json_desc(entry, "the index's entry", &child, why);
		if (!err)
			err = push_manifest(p, &child, child.digest, why);
		if (err)
			return err;
	}
	return registry_push_manifest(p->registry, name, d, bytes, why);
}

static int
push_top(struct push *p, const char *tag, const char *name, char digest[IMAGE_DIGEST_MAX], struct oci_why *why)
{
	AUTO(mem) struct oci_manifest *m = calloc(1, sizeof(*m));
	AUTO(mem) void *bytes = NULL;
	struct oci_desc d;
	int err = m ? layout_find(p->dir_fd, tag, &d, why) : -ENOMEM;

	if (!err)
		err = layout_blob(p->dir_fd, &d, MANIFEST_MAX, &bytes, why);
	if (!err)
		err = oci_manifest_parse(bytes, (size_t)d.size, m, why);
	if (err)
		return err;
	strcpy(digest, d.digest);
	if (m->kind == OCI_INDEX)
		return push_index(p, &d, name, bytes, why);
	return push_image(p, &d, name, m, bytes, why);
}

static int
run(struct push *p, const struct oci_ref *ref, const char *tag, char digest[IMAGE_DIGEST_MAX], struct oci_why *why)
{
	AUTO(reach) struct reach r = { 0 };
	AUTO(registry) struct registry *registry = NULL;
	AUTO(fd) int dir_fd = open(p->layout, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (dir_fd < 0)
		return oci_refuse(why, -errno, "%s: %s", p->layout, strerror(errno));
	err = reach_open(&r, ref, p->ca_file, p->auth_file, why);
	if (!err)
		err = registry_new(&registry);
	if (err)
		return err;
	p->setup.ca = r.ca;
	p->setup.ca_len = r.ca_len;
	p->setup.auth = r.has_auth ? r.auth : NULL;
	registry_open(registry, ref, &p->setup);
	p->dir_fd = dir_fd;
	p->registry = registry;
	return push_top(p, tag, ref->tag, digest, why);
}

static const char *
without_prefix(const char *ref)
{
	return strncmp(ref, PREFIX, strlen(PREFIX)) == 0 ? ref + strlen(PREFIX) : ref;
}

int
command_push(int argc, char **argv)
{
	struct push p = { .setup = { .connect = reach_connect, .words = &options, .cancel_fd = -1, .push = true, .max_manifest = MANIFEST_MAX,
		.max_blob = BLOB_MAX, .idle_ms = IDLE_MS, .total_ms = TOTAL_MS, .retries = RETRIES } };
	char digest[IMAGE_DIGEST_MAX], name[IMAGE_REF_MAX] = "";
	struct oci_why why = { 0 };
	struct oci_ref ref;
	const char *tag;
	int err = read_args(&p, argc, argv, &why);

	if (!err)
		err = oci_ref_parse(without_prefix(p.ref_text), &ref, &why);
	if (!err && ref.digest[0])
		err = oci_refuse(&why, -EINVAL, "an image is pushed under a tag: its digest is its own");
	if (!err)
		err = command_layout(p.layout, &tag, &why);
	if (!err)
		err = run(&p, &ref, tag, digest, &why);
	if (err)
		return command_fail(WORD, err, &why);
	oci_ref_text(&ref, name, sizeof(name));
	return command_print(&p.output, name, digest);
}
