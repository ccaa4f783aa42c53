/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/module.h"
#include "events/schema.h"

static const char *const events[] = { "load", "free", "request", "init_module", "finit_module", "delete_module", NULL };

#define ON(id) (1U << MODULE_##id)

/* linux/panic.h of the kernel: what a module may be the reason of. */
static const struct field_word taints[] = {
	{ 1 << 0, "proprietary" }, { 1 << 1, "forced" }, { 1 << 10, "staging" }, { 1 << 12, "out-of-tree" },
	{ 1 << 13, "unsigned" }, { 1 << 15, "livepatch" }, { 1 << 18, "test" },
	{ 0, NULL },
};
static const struct field_word load_flags[] = {
	{ 1, "IGNORE_MODVERSIONS" }, { 2, "IGNORE_VERMAGIC" }, { 4, "COMPRESSED_FILE" },
	{ 0, NULL },
};
static const struct field_word delete_flags[] = {
	{ 01000, "O_TRUNC" }, { 04000, "O_NONBLOCK" },
	{ 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_module, name, "name", F_STR, .flags = FIELD_OPTIONAL,
		  .help = "of the module, by the kernel; of a request what is asked for, of delete_module as given"),
	FIELD_REF(ev_module, path, "path", F_PATH, .flags = FIELD_OPTIONAL, .events = ON(FINIT), .help = "file of the module"),
	FIELD_REF(ev_module, params, "params", F_STR, .flags = FIELD_OPTIONAL | FIELD_UNTRUSTED,
		  .events = ON(INIT) | ON(FINIT), .help = "parameters of the module"),
	FIELD_NUM(ev_module, taints, "taints", F_FLAGS, .events = ON(LOAD) | ON(FREE), .flags = FIELD_OPTIONAL, .words = taints,
		  .help = "what is special about it: unsigned, out-of-tree, forced, ..."),
	FIELD_NUM(ev_module, flags, "load_flags", F_FLAGS, .events = ON(FINIT), .flags = FIELD_OPTIONAL, .words = load_flags,
		  .help = "MODULE_INIT_* as given"),
	FIELD_NUM(ev_module, flags, "delete_flags", F_FLAGS, .events = ON(DELETE), .flags = FIELD_OPTIONAL,
		  .words = delete_flags, .help = "O_TRUNC: by force"),
	{ .name = NULL },
};

const struct tracer_info tracer_module = {
	.name = "module",
	.class = EV_CONTROL,
	.help = "kernel modules asked for, loaded and removed",
	.events = events,
	.min_size = sizeof(struct ev_module),
	.fields = fields,
};
