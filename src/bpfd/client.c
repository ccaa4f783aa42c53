/* SPDX-License-Identifier: Apache-2.0 */
/* "bpfd create", "ls", "rm", "trace" and "version": words of the first bpfd that bpfctl knows. */
#include "bpfd/client.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfd/paths.h"
#include "common/auto.h"
#include "common/log.h"

/* Beside this program, where "make install" puts it, or where it was configured to be. */
static void
become_bpfctl(char **argv)
{
	char self[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		snprintf(path, sizeof(path), "%s/bpfctl", self);
		execv(path, argv);
		snprintf(path, sizeof(path), "%s/../bin/bpfctl", self);
		execv(path, argv);
	}
	execv(BPFD_BINDIR "/bpfctl", argv);
}

int
client_exec(const struct options *o)
{
	const char *verb = o->client[0];
	char word[32], **argv;
	struct paths paths;
	size_t n = 0;

	if (paths_init(o->root, &paths) < 0) {
		fprintf(stderr, "bpfd: --root is too long\n");
		return EXIT_USAGE;
	}
	while (o->client[n])
		n++;
	argv = calloc(n + 4, sizeof(*argv));
	if (!argv)
		return EXIT_FAILED;
	snprintf(word, sizeof(word), "seed-%s", verb);
	argv[0] = (char *)"bpfctl";
	argv[1] = (char *)"-s";
	argv[2] = (char *)(o->grpc_addr ? o->grpc_addr : paths.sock);
	argv[3] = word;
	memcpy(argv + 4, o->client + 1, (n - 1) * sizeof(*argv));
	become_bpfctl(argv);
	fprintf(stderr, "bpfd: bpfctl, which does \"%s\", is not there: %s\n", verb, strerror(errno));
	free(argv);
	return EXIT_MISSING;
}
