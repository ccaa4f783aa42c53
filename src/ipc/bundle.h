/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_BUNDLE_H
#define BPFD_IPC_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Many text files as one: what the supervisor writes into a memfd that bpfd-config gets as
 * descriptor 0 (--rules: rule files and lists, and as BUNDLE_DECLARED the bytes of the struct declared_table
 * that they may name tracers of; --actions: actions.d; --tracers: tracers.d;
 * --trust: trust.d with the keys in it).
 *
 *   struct bundle_hdr, then for each file: struct bundle_rec, path, text, no padding
 */
#define BUNDLE_MAGIC	0x646e7562u
#define BUNDLE_FILES_MAX 20480
#define BUNDLE_PATH_MAX	4096
#define BUNDLE_TEXT_MAX	(256 << 10)
#define BUNDLE_LIST_MAX	(4 << 20)	/* a file of lists */
#define BUNDLE_BYTES_MAX (64 << 20)

enum bundle_kind { BUNDLE_RULE, BUNDLE_LIST, BUNDLE_ACTION, BUNDLE_TRACER, BUNDLE_DECLARED, BUNDLE_TRUST, N_BUNDLE_KINDS };

static inline size_t
bundle_text_max(enum bundle_kind kind)
{
	return kind == BUNDLE_LIST ? BUNDLE_LIST_MAX : BUNDLE_TEXT_MAX;
}

struct bundle_hdr { uint32_t magic, n; };
struct bundle_rec { uint32_t kind, refused, path_len, text_len; };

struct bundle_file {
	enum bundle_kind kind;
	bool refused;		/* the file may not be used (owner, mode, size): text says why */
	const char *path;	/* as shown to people; what is behind the last / without .toml is the stem */
	const char *text;	/* not NUL-terminated */
	size_t text_len;
};

/* *out is allocated.  -E2BIG beyond the limits above, -ENOMEM. */
int	bundle_pack(const struct bundle_file *files, size_t n, void **out, size_t *len);

/* Calls fn for each; path and text are valid during the call only.  -EBADMSG, or the first result
 * of fn that is not 0. */
int	bundle_each(const void *bytes, size_t len, int (*fn)(void *arg, const struct bundle_file *f),
		void *arg);

#endif
