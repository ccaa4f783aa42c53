/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf-ids prog|map|link: the id of each that the kernel has.  None of them is opened, as bpftool does to show them: an
 * array of programs that is opened just when its last user has let it go, twice in a moment, stays for ever
 * (prog_array_map_clear() takes a reference for work that is queued already; seen with Linux 6.18).
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*next)(uint32_t id, uint32_t *next);
	} kinds[] = { { "prog", bpf_prog_get_next_id }, { "map", bpf_map_get_next_id }, { "link", bpf_link_get_next_id } };
	uint32_t id = 0;
	size_t kind = 0;

	while (kind < sizeof(kinds) / sizeof(kinds[0]) && (argc != 2 || strcmp(argv[1], kinds[kind].name) != 0))
		kind++;
	if (kind == sizeof(kinds) / sizeof(kinds[0])) {
		fprintf(stderr, "usage: bpf-ids prog|map|link\n");
		return 2;
	}
	while (kinds[kind].next(id, &id) == 0)
		printf("%u\n", id);
	if (errno != ENOENT)
		perror("bpf-ids");
	return errno != ENOENT;
}
