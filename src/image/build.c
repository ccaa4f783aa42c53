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

#define WORD "build"
#define OBJECT_MAX (256u << 20)
#define PAIRS_MAX 64

struct build {
	char *layout;
	struct command_output output;
	enum make_compression compression;
	struct make_pair labels[PAIRS_MAX], kinds[PAIRS_MAX];
	size_t n_labels, n_kinds;
	struct make_input inputs[MAKE_ARCHS_MAX];
	size_t n_inputs;
};

static void
build_free(struct build *b)
{
	for (size_t i = 0; i < b->n_inputs; i++)
		free((void *)(uintptr_t)b->inputs[i].object);
}
AUTO_DEFINE(build, struct build *, build_free)
AUTO_DEFINE(made, struct made *, made_free)

/* NAME=VALUE, cut in place. */
static int
add_pair(struct make_pair *pairs, size_t *n, char *text, struct oci_why *why)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return oci_refuse(why, -EINVAL, "%s is not NAME=VALUE", LOG_QUOTE(text));
	if (*n == PAIRS_MAX)
		return oci_refuse(why, -E2BIG, "more than %d of one option", PAIRS_MAX);
	*equals = '\0';
	pairs[(*n)++] = (struct make_pair){ text, equals + 1 };
	return 0;
}

static int
set_compression(struct build *b, const char *word, struct oci_why *why)
{
	static const char *const words[N_MAKE_COMPRESSIONS] = { [MAKE_GZIP] = "gzip", [MAKE_ZSTD] = "zstd",
		[MAKE_PLAIN] = "none" };

	for (unsigned int i = 0; i < N_MAKE_COMPRESSIONS; i++)
		if (strcmp(words[i], word) == 0) {
			b->compression = (enum make_compression)i;
			return 0;
		}
	return oci_refuse(why, -EINVAL, "--compression is gzip, zstd or none, not %s", LOG_QUOTE(word));
}

/* [ARCH=]FILE. */
static int
add_input(struct build *b, char *text, struct oci_why *why)
{
	char *equals = strchr(text, '='), *file = equals ? equals + 1 : text, *slash;
	struct make_input *in = &b->inputs[b->n_inputs];
	void *object;
	int err;

	if (b->n_inputs == MAKE_ARCHS_MAX)
		return oci_refuse(why, -E2BIG, "more than %d objects", MAKE_ARCHS_MAX);
	if (equals)
		*equals = '\0';
	if (equals && (!*text || text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789")]))
		return oci_refuse(why, -EINVAL, "%s is no architecture: amd64, arm64, riscv64, s390x, ppc64le, ...",
			LOG_QUOTE(text));
	err = file_read(AT_FDCWD, file, OBJECT_MAX, &object, &in->len, why);
	if (err)
		return err;
	slash = strrchr(file, '/');
	in->object = object;
	in->name = slash ? slash + 1 : file;
	in->arch = equals ? text : oci_this_arch();
	b->n_inputs++;
	return 0;
}

static int
read_args(struct build *b, int argc, char **argv, struct oci_why *why)
{
	static const struct option opts[] = {
		{ "layout", required_argument, NULL, 'l' }, { "compression", required_argument, NULL, 'c' },
		{ "label", required_argument, NULL, 'L' }, { "program", required_argument, NULL, 'p' },
		{ "timeout", required_argument, NULL, 't' }, { "output", required_argument, NULL, 'o' },
		{ "quiet", no_argument, NULL, 'q' }, { 0 },
	};
	int opt, err = 0;

	opterr = 0;
	while (!err && (opt = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (opt == 'l')
			b->layout = optarg;
		else if (opt == 'c')
			err = set_compression(b, optarg, why);
		else if (opt == 'L')
			err = add_pair(b->labels, &b->n_labels, optarg, why);
		else if (opt == 'p')
			err = add_pair(b->kinds, &b->n_kinds, optarg, why);
		else if (opt == 'o')
			b->output.format = optarg;
		else if (opt == 'q')
			b->output.quiet = true;
		else if (opt != 't')	/* of every command; nothing here waits */
			err = oci_refuse(why, -EINVAL, "%s is no option of it", LOG_QUOTE(argv[optind - 1]));
	}
	for (int i = optind; i < argc && !err; i++)
		err = add_input(b, argv[i], why);
	if (!err && !b->layout)
		err = oci_refuse(why, -EINVAL, "--layout DIR[:TAG] is missing: where the image goes");
	if (!err && b->n_inputs == 0)
		err = oci_refuse(why, -EINVAL, "an object is missing: [ARCH=]FILE...");
	return err;
}

/* https://reproducible-builds.org/specs/source-date-epoch/ */
static int
source_date(int64_t *out, struct oci_why *why)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end = NULL;
	long long v;

	if (!text || !*text)
		return 0;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || *end || v < 0 || v > UINT32_MAX)
		return oci_refuse(why, -EINVAL, "SOURCE_DATE_EPOCH is no number of seconds since 1970");
	*out = v;
	return 0;
}

int
command_build(int argc, char **argv)
{
	struct build build = { 0 };
	AUTO(build) struct build *b = &build;
	struct made image = { 0 };
	AUTO(made) struct made *m = &image;
	struct oci_why why = { 0 };
	struct make_recipe r = { 0 };
	const char *tag;
	int err = read_args(b, argc, argv, &why);

	if (err)
		return command_fail(WORD, err, &why);
	r = (struct make_recipe){ .inputs = b->inputs, .n_inputs = b->n_inputs, .compression = b->compression,
		.labels = b->labels, .n_labels = b->n_labels, .kinds = b->kinds, .n_kinds = b->n_kinds };
	err = command_layout(b->layout, &tag, &why);
	if (!err)
		err = source_date(&r.created_s, &why);
	if (!err)
		err = make_image(&r, m, &why);
	if (!err)
		err = layout_write(b->layout, tag ? tag : "latest", m, &why);
	if (err)
		return command_fail(WORD, err, &why);
	return command_print(&b->output, NULL, m->blobs[m->n - 1].desc.digest);
}
