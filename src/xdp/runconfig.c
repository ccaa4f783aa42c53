/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What XDP_RUN_CONFIG() of xdp_helpers.h makes of a program's BTF: a data section with a variable
 * named after the program, a structure whose members are pointers to arrays of so many elements.  Of its
 * members only the priority is used: libxdp 1.3 ignores the actions of a program that is loaded.
 */
#include "xdp/runconfig.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "common/auto.h"
#include "xdp/hooks.h"

#define SECTION		".xdp_run_config"
#define NAMES_MAX	256		/* functions of the object */

struct wanted {
	uint32_t priority;
	char name[BPF_OBJ_NAME_LEN];		/* the kernel's, cut */
};

/* struct { int (*priority)[N]; } */
static int
config_struct(struct btf *btf, const struct wanted *w)
{
	int integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int array = integer < 0 ? integer : btf__add_array(btf, integer, integer, w->priority);
	int pointer = array < 0 ? array : btf__add_ptr(btf, array);
	int config = pointer < 0 ? pointer : btf__add_struct(btf, NULL, 8);
	int err = config < 0 ? config : btf__add_field(btf, "priority", pointer, 0, 0);

	return err < 0 ? err : config;
}

/* The name that libxdp finds may be the kernel's or that of a function: each gets a variable. */
static int
variables(struct btf *btf, const struct wanted *w, int config, uint32_t n_own)
{
	char name[256];
	int vars[NAMES_MAX], err;
	size_t n = 0;

	snprintf(name, sizeof(name), "_%s", w->name);
	vars[n++] = btf__add_var(btf, name, BTF_VAR_STATIC, config);
	for (uint32_t i = 1; i < n_own && n < NAMES_MAX; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);

		if (!btf_is_func(t) ||
		    strncmp(btf__name_by_offset(btf, t->name_off), w->name, strlen(w->name)) != 0)
			continue;
		snprintf(name, sizeof(name), "_%s", btf__name_by_offset(btf, t->name_off));
		vars[n++] = btf__add_var(btf, name, BTF_VAR_STATIC, config);
	}
	err = btf__add_datasec(btf, SECTION, (uint32_t)n * 8);
	for (size_t i = 0; err >= 0 && i < n; i++)
		err = vars[i] < 0 ? vars[i] : btf__add_datasec_var_info(btf, vars[i], (uint32_t)i * 8, 8);
	return err < 0 ? err : 0;
}

/* The object's own configuration is not found any more: libxdp takes the first of this name. */
static void
forget_own(struct btf *btf, uint32_t n_own)
{
	for (uint32_t i = 1; i < n_own; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);

		if (btf_is_datasec(t) && strcmp(btf__name_by_offset(btf, t->name_off), SECTION) == 0)
			((struct btf_type *)(uintptr_t)t)->name_off = 0;	/* the copy is ours */
	}
}

static struct btf *
with_config(void *arg, uint32_t btf_id)
{
	struct btf *btf = btf__load_from_kernel_by_id_split(btf_id, NULL);
	uint32_t n_own = btf ? btf__type_cnt(btf) : 0;
	int config, err;

	if (!btf)
		return NULL;
	config = config_struct(btf, arg);
	err = config < 0 ? config : variables(btf, arg, config, n_own);
	if (err) {
		btf__free(btf);
		errno = -err;
		return NULL;
	}
	forget_own(btf, n_own);
	return btf;
}

int
runconfig_program(int prog_fd, uint32_t priority, struct xdp_program **out)
{
	struct wanted w = { .priority = priority };
	struct bpf_prog_info info;
	uint32_t len = sizeof(info);
	struct xdp_program *p;

	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &len) < 0 || !info.btf_id)
		return -EINVAL;
	snprintf(w.name, sizeof(w.name), "%.15s", info.name);
	hooks.btf_id = info.btf_id;
	hooks.run_config = with_config;
	hooks.run_config_arg = &w;
	p = xdp_program__from_fd(prog_fd);
	hooks.btf_id = 0;
	if (libxdp_get_error(p))
		return (int)libxdp_get_error(p);
	if (xdp_program__run_prio(p) != priority) {
		xdp_program__close(p);
		return -EPROTO;		/* a libxdp that looks elsewhere */
	}
	*out = p;
	return 0;
}
