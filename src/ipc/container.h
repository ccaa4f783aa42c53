/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_CONTAINER_H
#define BPFD_IPC_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum container_store {
#define CONTAINER_STORE(ID, name, max) STORE_##ID,
#include "ipc/stores.def"
	N_CONTAINER_STORES
};

/*
 * What bpfd-config found there: text of the runtime's, which a container's creator chose.  Strings
 * are UTF-8 without controls; "": not said.  labels: "key=value", each with NUL.
 */
struct container_facts {
	char name[128];
	char image[256];
	char pod[256];
	char k8s_ns[64];
	uint32_t labels_len;
	char labels[1020];
};

#define CONTAINER_FILE_ID_MAX 128	/* with NUL */

/* May be a part of a path: letters, digits, '_', '.', '-', no '.' in front. */
static inline bool
container_id_ok(const char *id, size_t len)
{
	if (!len || len >= CONTAINER_FILE_ID_MAX || id[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'z') ||
		      (id[i] >= 'A' && id[i] <= 'Z') || id[i] == '_' || id[i] == '.' || id[i] == '-'))
			return false;
	return true;
}

#endif
