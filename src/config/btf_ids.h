/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_BTF_IDS_H
#define BPFD_CONFIG_BTF_IDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The functions in a BTF blob, in the format that the kernel documents as "BPF Type Format".
 * Every offset is checked, though the blob is the kernel's own.
 *
 * each() gets the type id and the name of every BTF_KIND_FUNC, in the order of ids.
 * 0, -EINVAL for a blob that is not BTF or of another byte order.
 */
int	btf_ids_functions(const void *blob, size_t size, void (*each)(void *arg, uint32_t id,
		const char *name), void *arg);

#endif
