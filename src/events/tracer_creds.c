/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/creds.h"

#include <string.h>
#include <sys/syscall.h>

#include "events/words.h"

static const char *const events[] = { "call", "exec", NULL };

#define CALL(name) { SYS_##name, #name }
static const struct field_word call_words[] = {
	CALL(setuid), CALL(setgid), CALL(setreuid), CALL(setregid), CALL(setresuid), CALL(setresgid),
	CALL(setfsuid), CALL(setfsgid), CALL(setgroups), CALL(capset), CALL(prctl), CALL(unshare),
	CALL(setns), { 0, NULL },
};
#undef CALL

/* linux/securebits.h */
static const struct field_word securebit_words[] = {
	{ 1, "NOROOT" }, { 2, "NOROOT_LOCKED" }, { 4, "NO_SETUID_FIXUP" }, { 8, "NO_SETUID_FIXUP_LOCKED" },
	{ 16, "KEEP_CAPS" }, { 32, "KEEP_CAPS_LOCKED" }, { 64, "NO_CAP_AMBIENT_RAISE" },
	{ 128, "NO_CAP_AMBIENT_RAISE_LOCKED" }, { 0, NULL },
};

/* False: the thread is older than the tracer. */
static bool
get_before(const struct event *e, const struct field *f, struct value *out)
{
	const char *record = (const char *)e->ev;
	uint32_t known, number;

	memcpy(&known, record + offsetof(struct ev_creds, before.known), sizeof(known));
	if (f->size == sizeof(number)) {
		memcpy(&number, record + f->off, sizeof(number));
		out->u = number;
	} else {
		memcpy(&out->u, record + f->off, sizeof(out->u));
	}
	return known;
}

#define BOTH(member, name, type, flags_, what, ...)                                                \
	FIELD_NUM(ev_creds, before.member, "old_" name, type, .flags = (flags_), .get = get_before, \
		  .help = what " before", __VA_ARGS__),                                            \
	FIELD_NUM(ev_creds, now.member, "new_" name, type, .flags = (flags_), .help = what " now", __VA_ARGS__)

static const struct field fields[] = {
	FIELD_NUM(ev_creds, call, "call", F_ENUM, .events = 1U << CREDS_CALL, .words = call_words, .help = "system call"),
	BOTH(uid, "uid", F_U64, 0, "real user"),
	BOTH(euid, "euid", F_U64, 0, "effective user"),
	BOTH(suid, "suid", F_U64, FIELD_DETAIL, "saved user"),
	BOTH(fsuid, "fsuid", F_U64, FIELD_DETAIL, "user for access to files"),
	BOTH(gid, "gid", F_U64, FIELD_DETAIL, "real group"),
	BOTH(egid, "egid", F_U64, FIELD_DETAIL, "effective group"),
	BOTH(sgid, "sgid", F_U64, FIELD_DETAIL, "saved group"),
	BOTH(fsgid, "fsgid", F_U64, FIELD_DETAIL, "group for access to files"),
	BOTH(n_groups, "groups", F_U64, FIELD_DETAIL, "number of supplementary groups"),
	FIELD_NUM(ev_creds, gained, "gained", F_FLAGS, .flags = FIELD_OPTIONAL | FIELD_HEX, .words = words_caps,
		  .help = "capabilities, permitted or effective, that it did not have"),
	BOTH(effective, "cap_eff", F_FLAGS, FIELD_HEX | FIELD_DETAIL, "effective capabilities", .words = words_caps),
	BOTH(permitted, "cap_prm", F_FLAGS, FIELD_HEX | FIELD_DETAIL, "permitted capabilities", .words = words_caps),
	BOTH(inheritable, "cap_inh", F_FLAGS, FIELD_HEX | FIELD_DETAIL, "inheritable capabilities", .words = words_caps),
	BOTH(ambient, "cap_amb", F_FLAGS, FIELD_HEX | FIELD_DETAIL, "ambient capabilities", .words = words_caps),
	BOTH(bounding, "cap_bnd", F_FLAGS, FIELD_HEX | FIELD_DETAIL, "bounding set of capabilities", .words = words_caps),
	BOTH(securebits, "securebits", F_FLAGS, FIELD_HEX | FIELD_DETAIL, "securebits", .words = securebit_words),
	BOTH(userns, "userns", F_U64, FIELD_DETAIL, "user namespace that the capabilities hold in"),
	{ .name = NULL },
};

const struct tracer_info tracer_creds = {
	.name = "creds",
	.class = EV_CONTROL,
	.help = "users, groups and capabilities changed",
	.events = events,
	.min_size = sizeof(struct ev_creds),
	.fields = fields,
};
