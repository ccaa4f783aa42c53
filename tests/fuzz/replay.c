/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its corpus without libFuzzer: one TAP line per file.  Arguments: files
 * or directories.  A crash is the test's failure.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

AUTO_DEFINE(file, FILE *, fclose)

static unsigned int n_tests, n_failed;

/* A buffer of exactly the file's size, so that AddressSanitizer sees every byte read behind it. */
static int
replay_bytes(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	AUTO(file) FILE *owner = f;
	if (fstat(fileno(owner), &st) < 0)
		return -errno;
	AUTO(mem) uint8_t *data = malloc(st.st_size ? (size_t)st.st_size : 1);
	if (!data)
		return -ENOMEM;
	if (fread(data, 1, (size_t)st.st_size, owner) != (size_t)st.st_size)
		return -EIO;
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	return 0;
}

static void
replay_file(const char *path)
{
	int err = replay_bytes(path);

	n_tests++;
	if (err) {
		n_failed++;
		printf("not ok %u - %s: %s\n", n_tests, path, strerror(-err));
		return;
	}
	printf("ok %u - %s\n", n_tests, path);
}

static int
not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void
replay_path(const char *path)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, not_hidden, alphasort);

	if (n < 0) {
		replay_file(path);
		return;
	}
	for (int i = 0; i < n; i++) {
		char *full = NULL;

		if (asprintf(&full, "%s/%s", path, names[i]->d_name) >= 0)
			replay_file(full);
		free(full);
		free(names[i]);
	}
	free(names);
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		replay_path(argv[i]);
	printf("1..%u\n", n_tests);
	return n_failed || n_tests == 0 ? 1 : 0;
}
