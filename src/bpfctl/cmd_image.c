/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpfctl/image_cache.h"
#include "bpfctl/image_program.h"
#include "bpfctl/image_source.h"

static int
run_image(struct ctl *ctl, const struct args *args)
{
	static const struct {
		const char *verb;
		size_t min, max;
		int (*run)(struct ctl *ctl, const struct args *args);
	} verbs[] = {
		{ "build", 1, SIZE_MAX, image_program },
		{ "push", 2, 2, image_program },
		{ "pull", 1, 1, image_run_pull }, { "inspect", 1, 1, image_run_inspect },
		{ "verify", 1, 1, image_run_verify }, { "list", 0, 0, image_run_list },
		{ "rm", 1, SIZE_MAX, image_run_rm }, { "prune", 0, 0, image_run_prune },
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
	return ctl_fail(ctl, CTL_USAGE, "there are build, push, pull, inspect, verify, list, rm and prune", "image",
		"there is no bpfctl image %s", args->words[0]);
}

static const struct opt opts[] = {
	{ "layout", 0, "DIR[:TAG]", "build: the OCI layout that the image goes into (TAG: latest)", WORD_FILE },
	{ "compression", 0, "HOW", "build: gzip (default), zstd or none", WORD_CHOICE, "gzip|zstd|none" },
	{ "label", 0, "NAME=VALUE", "build: a further label of the image", .many = true },
	{ "program", 0, "NAME=TYPE", "build: the type of a program whose section does not tell it", .many = true },
	{ "pull-policy", 0, "WHEN", "pull: always (default), if-not-present or never", WORD_CHOICE, IMAGE_POLICIES },
	{ "auth-file", 0, "FILE", "pull, push: credentials for registries, as docker's config.json", WORD_FILE },
	{ "unused", 0, "TIME", "prune: only what was not used for so long: 90s, 15m, 12h, 7d" },
	{ "all", 0, NULL, "prune: also what programs were loaded from; they stay" },
	{ "dry-run", 0, NULL, "pull: fetch and check, keep nothing; rm, prune: remove nothing" },
	{ "ca-file", 0, "FILE", "push: certificates that the registry is trusted by (default: the system's)", WORD_FILE },
	{ "plain-http", 0, NULL, "push: to a registry without TLS" },
	OPT_END
};

const struct command cmd_image = {
	.name = "image",
	.synopsis = "build|push|pull|inspect|verify|list|rm|prune ...",
	.help = "build, push, fetch and keep bytecode images",
	.more = "image build --layout DIR[:TAG] [ARCH=]FILE...\n"
		"                       an image of an object, or of one for each architecture (amd64,\n"
		"                       arm64, ...), without bpfd; the same objects make the same image\n"
		"image push DIR[:TAG] IMAGE\n"
		"                       an image of an OCI layout to a registry, as yourself, without bpfd\n"
		"image pull IMAGE       have the daemon fetch it from its registry into its cache\n"
		"image inspect IMAGE    what is known of a cached one\n"
		"image verify IMAGE     check a cached one anew, its signatures by the policy of now\n"
		"image list             the cached ones\n"
		"image rm IMAGE...      remove them from the cache; programs loaded from them stay\n"
		"image prune            remove those that no program was loaded from\n"
		"\n"
		"IMAGE is [docker://][HOST[:PORT]/]NAME[:TAG][@sha256:HEX]; a cached one is meant by its digest too.\n",
	.opts = opts,
	.min_words = 1, .max_words = 100000,
	.words = { WORD_CHOICE, WORD_IMAGE },
	.choices = "build|push|pull|inspect|verify|list|rm|prune",
	.run = run_image,
};
