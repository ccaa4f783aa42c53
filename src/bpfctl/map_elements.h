/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_MAP_ELEMENTS_H
#define BPFD_BPFCTL_MAP_ELEMENTS_H

#include "bpfctl/ctl.h"
#include "common/kbtf.h"

/* A map as the daemon describes it, with its types where it has some. */
struct map_shape {
	uint32_t id, key_size, value_size;
	uint32_t value_bytes, n_values;	/* of an element: of each CPU, or one */
	uint32_t key_type, value_type;	/* in types; 0: none */
	char *name, *type;
	struct kbtf types;
	uint8_t *blob;
	size_t blob_len;
	bool known;
};
void	map_shape_free(struct map_shape *m);
static inline __attribute__((unused)) void
auto_map_shape(struct map_shape *m)
{
	map_shape_free(m);
}

/* MAP on the command line: a number, or a name that one map has.  CTL_DONE, or reported. */
int	map_find(struct ctl *ctl, const char *what, const char *word, uint32_t *id);

/* n elements, as they lie in the answer; 0, or -EPIPE: nobody reads the output. */
typedef int map_page_fn(void *arg, const struct map_shape *m, uint32_t n, const uint8_t *keys, const uint8_t *values);

/* Reads map m->id: shape and types first, then elements page by page, of which no more than one page is
 * held.  Each may come with n 0.  CTL_DONE, or reported. */
int	map_read(struct ctl *ctl, const char *what, Bpfd__V1__ReadMapRequest *req, struct map_shape *m,
		map_page_fn *page, void *arg);

/* map_print.c: elements in the format of ctl->out, written as they come. */
struct map_print {
	struct ctl *ctl;
	bool raw, one;			/* one: the element is the whole document */
	uint64_t n;
};
int	map_print_page(void *arg, const struct map_shape *m, uint32_t n, const uint8_t *keys, const uint8_t *values);
int	map_print_end(struct map_print *p, const struct map_shape *m);	/* -EPIPE */

#endif
