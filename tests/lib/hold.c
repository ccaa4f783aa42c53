/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreign user of BPF for the tests: loads an object by libbpf, attaches every program that its
 * section tells how, pins the maps below a bpffs folder and holds all of it until standard input
 * ends.  Arguments: OBJECT [FOLDER].  Prints "ready".
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

static int
hold(struct bpf_object *obj, const char *folder)
{
	struct bpf_program *prog;
	char c;
	int err = bpf_object__load(obj);

	if (!err && folder)
		err = bpf_object__pin_maps(obj, folder);
	if (err)
		return err;
	bpf_object__for_each_program(prog, obj) {
		/* The link lives as long as this process. */
		if (!bpf_program__attach(prog) && errno != EOPNOTSUPP && errno != EINVAL)
			return -errno;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	if (folder)
		bpf_object__unpin_maps(obj, folder);
	return 0;
}

int
main(int argc, char **argv)
{
	struct bpf_object *obj = argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	int err = obj ? hold(obj, argc > 2 ? argv[2] : NULL) : -errno;

	if (err)
		fprintf(stderr, "hold: %s: %s\n", argc > 1 ? argv[1] : "OBJECT", strerror(-err));
	return err ? 1 : 0;
}
