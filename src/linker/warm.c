/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "common/log.h"
#include "linker/linker.h"

/* bpf/warm.bpf.o, whose path is relative to where the build runs. */
__asm__(".section .rodata\n"
	".balign 16\n"
	".global warm_object\n"
	"warm_object:\n"
	".incbin \"bpf/warm.bpf.o\"\n"
	".global warm_object_end\n"
	"warm_object_end:\n"
	".byte 0\n"
	".previous\n");
extern const char warm_object[], warm_object_end[];

static int
stay_silent(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

/* A kernel or a policy that refuses the object is no harm: the load itself will say so. */
void
linker_warm_up(struct linker *ln)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "warm");
	struct bpf_object *obj;

	libbpf_set_print(stay_silent);
	obj = bpf_object__open_mem(warm_object, (size_t)(warm_object_end - warm_object), &opts);
	if (obj && bpf_object__load(obj))
		log_debug("linker.warm", "the object of the linker itself does not load");
	bpf_object__close(obj);
	slots_reset(&ln->slots);
}
