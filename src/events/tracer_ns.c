/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/ns.h"
#include "events/schema.h"

static const char *const events[] = { "setns", "unshare", "clone", "chroot", NULL };

/* linux/sched.h; what is not a namespace may be asked of unshare besides. */
static const struct field_word flag_words[] = {
	{ 0x00020000, "CLONE_NEWNS" }, { 0x04000000, "CLONE_NEWUTS" }, { 0x08000000, "CLONE_NEWIPC" },
	{ 0x20000000, "CLONE_NEWPID" }, { 0x40000000, "CLONE_NEWNET" }, { 0x00000080, "CLONE_NEWTIME" },
	{ 0x02000000, "CLONE_NEWCGROUP" }, { 0x10000000, "CLONE_NEWUSER" }, { 0x00000200, "CLONE_FS" },
	{ 0x00000400, "CLONE_FILES" }, { 0x00040000, "CLONE_SYSVSEM" }, { 0, NULL },
};

#define ON(id) (1U << NS_##id)
#define ON_NS (ON(SETNS) | ON(UNSHARE) | ON(CLONE))
#define KIND(place, name, flag)                                                                    \
	FIELD_NUM(ev_ns, before[place], "old_" #name, F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, \
		  .events = ON_NS, .help = #name " namespace before, if it is another now"),       \
	FIELD_NUM(ev_ns, now[place], "new_" #name, F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL,  \
		  .events = ON_NS, .help = #name " namespace now, if it is another"),

static const struct field fields[] = {
	FIELD_NUM(ev_ns, flags, "flags", F_FLAGS, .flags = FIELD_OPTIONAL, .events = ON_NS, .words = flag_words, .help = "as given; setns: what it has to be"),
	FIELD_NUM(ev_ns, changed, "changed", F_FLAGS, .flags = FIELD_OPTIONAL, .events = ON_NS, .words = flag_words, .help = "namespaces that are others now"),
	NS_KINDS(KIND)
	FIELD_REF(ev_ns, path, "path", F_PATH, .events = ON(CHROOT), .help = "new root"),
	{ .name = NULL },
};

const struct tracer_info tracer_ns = {
	.name = "ns",
	.class = EV_CONTROL,
	.help = "namespaces made and entered, roots changed",
	.events = events,
	.min_size = sizeof(struct ev_ns),
	.fields = fields,
};
