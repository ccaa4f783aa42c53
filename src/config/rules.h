/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_RULES_H
#define BPFD_CONFIG_RULES_H

#include <stdint.h>
#include <stdio.h>

/*
 * A bundle (ipc/bundle.h) of rule files and lists as the bytes of parsed_pack(): one file of the
 * result for each rule file, in order.  list_entries: of one list.  What is wrong in a file of lists is said on errors.  0 with
 * *out allocated, or a negative errno.
 */
int	rules_read_bundle(const void *bytes, size_t len, uint32_t list_entries, FILE *errors, void **out,
		size_t *out_len);

#endif
