/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"

enum opt_id {
	OPT_NONE = 256,		/* above every short option */
#define OPT(id, name, letter, arg, help) OPT_##id,
#include "bpfd/options.def"
};

static const struct opt {
	int id;
	const char *name;
	int letter;
	const char *arg, *help;
} opts[] = {
#define OPT(id, name, letter, arg, help) { OPT_##id, name, letter, arg, help },
#include "bpfd/options.def"
};

static void
print_help(void)
{
	printf("usage: bpfd [OPTIONS]\n"
	       "       bpfd daemon [OPTIONS]\n"
	       "       bpfd [OPTIONS] create FILE...|ls|rm NAME...|trace|version\n"
	       "Loads and attaches BPF programs for its clients, from processes with few rights each.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++) {
		char letter[5] = "    ";

		if (opts[i].letter)
			snprintf(letter, sizeof(letter), "-%c, ", opts[i].letter);
		printf("  %s--%-12s %-6s %s\n", letter, opts[i].name, opts[i].arg ? opts[i].arg : "",
			opts[i].help);
	}
	printf("\nFiles, signals and exit status: bpfd(8).  Configuration: bpfd.toml(5).\n");
}

static int
level_from_name(const char *name)
{
	static const char *const names[] = { "err", "warn", "notice", "info", "debug" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return LOG_LVL_ERR + (int)i;
	return -1;
}

static int
usage(const char *fmt, const char *word)
{
	fputs("bpfd: ", stderr);
	fprintf(stderr, "%s", fmt);
	if (word)
		fprintf(stderr, " \"%s\"", word);
	fputs("; see bpfd --help\n", stderr);
	return EXIT_USAGE;
}

/* Returns an exit status, or -1 to go on. */
static int
apply(int id, const char *arg, struct options *o)
{
	switch ((enum opt_id)id) {
	case OPT_FOREGROUND:
		o->daemon = false;
		break;
	case OPT_DAEMON:
		o->daemon = true;
		break;
	case OPT_ROOT:
		o->root = arg;
		break;
	case OPT_KEEP:
		o->keep = true;
		break;
	case OPT_CONFIG:
		o->config = arg;
		break;
	case OPT_CHECK:
		o->action = DO_CHECK;
		break;
	case OPT_PRINT_CONFIG:
		o->action = DO_PRINT_CONFIG;
		break;
	case OPT_LOG_LEVEL:
		o->log_level = level_from_name(arg);
		return o->log_level < 0 ? usage("unknown log level", arg) : -1;
	case OPT_DEBUG:
		o->log_level = LOG_LVL_DEBUG;
		break;
	case OPT_RULES_DIR:
		o->rules_dir = arg;
		break;
	case OPT_GRPC_ADDR:
		o->grpc_addr = arg;
		break;
	case OPT_VERSION:
		printf("bpfd %s\n", BPFD_VERSION);
		return EXIT_DONE;
	case OPT_HELP:
		print_help();
		return EXIT_DONE;
	case OPT_NONE:
		break;
	}
	return -1;
}

static void
make_getopt(struct option *longs, char *shorts)
{
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++) {
		longs[i] = (struct option){ opts[i].name,
			opts[i].arg ? required_argument : no_argument, NULL, opts[i].id };
		if (!opts[i].letter)
			continue;
		*shorts++ = (char)opts[i].letter;
		if (opts[i].arg)
			*shorts++ = ':';
	}
}

static int
id_of(int c)
{
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++)
		if ((opts[i].letter && c == opts[i].letter) || c == opts[i].id)
			return opts[i].id;
	return OPT_NONE;
}

/* The words of the first bpfd; a client has all of them but daemon. */
static int
take_words(char **words, bool letter_d, struct options *o)
{
	static const char *const clients[] = { "create", "ls", "rm", "trace", "version" };

	if (!words[0]) {
		o->daemon |= letter_d;
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		if (strcmp(words[0], clients[i]) == 0) {
			o->action = DO_CLIENT;
			o->client = words;
			return -1;
		}
	if (strcmp(words[0], "daemon") != 0)
		return usage("no such command:", words[0]);
	if (words[1])
		return usage("no such command:", words[1]);
	o->watch = true;
	if (letter_d)
		o->log_level = LOG_LVL_DEBUG;
	return -1;
}

static int
parse(int argc, char **argv, struct options *o)
{
	struct option longs[ARRAY_SIZE(opts) + 1] = { 0 };
	char shorts[2 * ARRAY_SIZE(opts) + 1] = { 0 };
	bool letter_d = false;
	int c, status;

	make_getopt(longs, shorts);
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == '?')		/* getopt said what */
			return EXIT_USAGE;
		if (c == 'd')		/* what it means the words behind the options tell */
			letter_d = true;
		else if (id_of(c) == OPT_FOREGROUND)
			letter_d = false;
		status = c == 'd' ? -1 : apply(id_of(c), optarg, o);
		if (status >= 0)
			return status;
	}
	status = take_words(argv + optind, letter_d, o);
	if (status >= 0)
		return status;
	if (o->keep && !o->root)
		return usage("--keep needs --root: an installed bpfd always keeps its programs", NULL);
	return -1;
}

int
options_parse(int argc, char **argv, struct options *out)
{
	struct options o = { .action = DO_RUN, .log_level = -1 };
	int status = parse(argc, argv, &o);

	if (status >= 0)
		o.action = DO_EXIT;
	*out = o;
	return status >= 0 ? status : EXIT_DONE;
}
