/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer of the bench: open, load and attach every program of an object by plain libbpf, in one
 * process with all privileges.  Arguments: OBJECT [ROUNDS [PIN]].  Prints one line of microseconds
 * per round: open load attach total.  With PIN, a path in a bpffs, each link is pinned as PIN and
 * its number and stays attached, as it does with bpfctl; without, it is detached again.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "loop.h"

#define LINKS_MAX 16

static double
now_us(void)
{
	return (double)loop_now_ns() / 1e3;
}

static int
quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, ap) : 0;
}

static int
attach_all(struct bpf_object *obj, const char *pin, struct bpf_link **links, size_t *n)
{
	char path[256];
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj) {
		struct bpf_link *link;

		if (*n == LINKS_MAX)
			return -E2BIG;
		link = bpf_program__attach(prog);
		if (!link)
			return -errno;
		links[(*n)++] = link;
		snprintf(path, sizeof(path), "%s%zu", pin ? pin : "", *n);
		if (pin && bpf_link__pin(link, path) < 0)
			return -errno;
	}
	return 0;
}

static int
one_round(const char *path, const char *pin)
{
	struct bpf_link *links[LINKS_MAX];
	size_t n = 0;
	double start = now_us(), opened, loaded, attached;
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	int err;

	if (!obj)
		return -errno;
	opened = now_us();
	err = bpf_object__load(obj);
	loaded = now_us();
	if (!err)
		err = attach_all(obj, pin, links, &n);
	attached = now_us();
	if (!err)
		printf("%.1f %.1f %.1f %.1f\n", opened - start, loaded - opened, attached - loaded,
			attached - start);
	while (n)
		bpf_link__destroy(links[--n]);
	bpf_object__close(obj);
	return err;
}

int
main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 1;

	if (argc < 2) {
		fprintf(stderr, "usage: bare-libbpf OBJECT [ROUNDS [PIN]]\n");
		return 2;
	}
	libbpf_set_print(quiet);
	for (int i = 0; i < rounds; i++) {
		int err = one_round(argv[1], argc > 3 ? argv[3] : NULL);

		if (err) {
			fprintf(stderr, "bare-libbpf: %s: %s\n", argv[1], strerror(-err));
			return 1;
		}
	}
	return 0;
}
