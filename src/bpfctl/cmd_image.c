/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpfctl/image_program.h"

static int
run_image(struct ctl *ctl, const struct args *args)
{
	static const struct {
		const char *verb;
		size_t min, max;
		int (*run)(struct ctl *ctl, const struct args *args);
	} verbs[] = {
		{ "build", 1, SIZE_MAX, image_program },
	};
	const size_t n = args->n_words - 1;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(args->words[0], verbs[i].verb) != 0)
			continue;
		if (n < verbs[i].min || n > verbs[i].max)
			return ctl_fail(ctl, CTL_USAGE, "see bpfctl image --help", "image",
				n < verbs[i].min ? "%s: which one?" : "%s: too many words", verbs[i].verb);
		return verbs[i].run(ctl, args);
	}
	return ctl_fail(ctl, CTL_USAGE, "there is build", "image", "there is no bpfctl image %s", args->words[0]);
}

static const struct opt opts[] = {
	{ "layout", 0, "DIR[:TAG]", "build: the OCI layout that the image goes into (TAG: latest)", WORD_FILE },
	{ "compression", 0, "HOW", "build: gzip (default), zstd or none", WORD_CHOICE, "gzip|zstd|none" },
	{ "label", 0, "NAME=VALUE", "build: a further label of the image", .many = true },
	{ "program", 0, "NAME=TYPE", "build: the type of a program whose section does not tell it", .many = true },
	OPT_END
};

const struct command cmd_image = {
	.name = "image",
	.synopsis = "build ...",
	.help = "build bytecode images",
	.more = "image build --layout DIR[:TAG] [ARCH=]FILE...\n"
		"                       an image of an object, or of one for each architecture (amd64,\n"
		"                       arm64, ...), without bpfd; the same objects make the same image\n",
	.opts = opts,
	.min_words = 1, .max_words = 100000,
	.words = { WORD_CHOICE, WORD_FILE },
	.choices = "build",
	.run = run_image,
};
