/* SPDX-License-Identifier: Apache-2.0 */
/* Rule files, lists, named actions, declared tracers and policies for images: read here, understood by bpfd-config. */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"

#define RULES_BYTES_MAX	(256u << 20)
#define TRUST_BYTES_MAX	(1u << 20)	/* of struct image_trust, which only bpfd-config and bpfd-fetch know */

static int
read_folder(const struct sup *s, struct texts *t, enum bundle_kind kind, const char *name)
{
	char path[PATH_MAX];
	int err = confrun_beside(s, name, path);

	return err ? err : texts_read(t, kind, path);
}

/* The tracers that are declared now, if there are any. */
static int
add_declared(const struct sup *s, struct texts *t)
{
	const struct declared_table *declared = s->cfg ? &s->cfg->declared : NULL;

	if (!declared || !declared_tracers(declared, 0))
		return 0;
	return texts_add(t, BUNDLE_DECLARED, "tracers", (const char *)declared, sizeof(*declared));
}

int
rules_beside(struct sup *s, struct texts *t)
{
	int err = read_folder(s, t, BUNDLE_LIST, s->cfg->rules_lists_dir);

	return err ? err : add_declared(s, t);
}

static int
make(struct sup *s, const char *mode, const struct texts *t, size_t max)
{
	AUTO(fd) int in = texts_pack(t);

	return in < 0 ? in : confrun_make(s, mode, in, max);
}

/* What cannot be had is left out: the rest of bpfd works without. */
static int
read_rules(struct sup *s)
{
	struct texts t = { 0 };
	AUTO(texts) struct texts *owner = &t;
	int fd;

	read_folder(s, owner, BUNDLE_RULE, s->cfg->rules_dir);
	read_folder(s, owner, BUNDLE_LIST, s->cfg->rules_lists_dir);
	if (!t.n)
		return memfd_sealed("bpfd-rules", "", 0);
	add_declared(s, owner);
	fd = make(s, "--rules", owner, RULES_BYTES_MAX);
	if (fd >= 0)
		return fd;
	log_err(fd, "rules.refused", "dir=%s files=%zu no rule file is in use", s->cfg->rules_dir, t.n);
	return memfd_sealed("bpfd-rules", "", 0);
}

static int
read_actions(struct sup *s)
{
	struct texts t = { 0 };
	AUTO(texts) struct texts *owner = &t;
	int fd;

	read_folder(s, owner, BUNDLE_ACTION, s->cfg->actions_dir);
	fd = t.n ? make(s, "--actions", owner, sizeof(struct action_table)) : -ENOENT;
	if (fd >= 0)
		return fd;
	if (t.n)
		log_err(fd, "actions.refused", "dir=%s only the standard actions are there", s->cfg->actions_dir);
	return action_table_standard();
}

/* -1: whom to trust is not known, so no image is taken. Empty: no policy is there. */
static int
read_trust(struct sup *s)
{
	struct texts t = { 0 };
	AUTO(texts) struct texts *owner = &t;
	int fd = read_folder(s, owner, BUNDLE_TRUST, s->cfg->images_trust_dir);

	if (!fd)
		fd = t.n ? make(s, "--trust", owner, TRUST_BYTES_MAX) : memfd_sealed("bpfd-trust", "", 0);
	if (fd < 0)
		log_err(fd, "trust.refused", "dir=%s no image is taken until it can be read and bpfd is reloaded",
			s->cfg->images_trust_dir);
	return fd < 0 ? -1 : fd;
}

/* The sensitive ones need no other word of root's; without a table none is declared. */
void
rules_tracers(struct sup *s, struct config *c)
{
	struct texts t = { 0 };
	AUTO(texts) struct texts *owner = &t;
	AUTO(fd) int fd = -1;

	if (read_folder(s, owner, BUNDLE_TRACER, c->tracers_dir) < 0 || !t.n || add_declared(s, owner) < 0)
		return;
	fd = make(s, "--tracers", owner, sizeof(c->declared));
	if (fd < 0 || pread(fd, &c->declared, sizeof(c->declared), 0) != (ssize_t)sizeof(c->declared) ||
	    !declared_table_ok(&c->declared)) {
		memset(&c->declared, 0, sizeof(c->declared));
		log_err(fd < 0 ? fd : -EINVAL, "tracers.refused", "dir=%s no declared tracer is in use", c->tracers_dir);
		return;
	}
	c->tracers_enabled.mask |= declared_tracers(&c->declared, DECLARED_ENABLED);
	c->tracers_allow_sensitive.mask |= declared_tracers(&c->declared, DECLARED_SENSITIVE);
}

void
rules_read(struct sup *s)
{
	close_keep_errno(s->lasting.rules);
	close_keep_errno(s->lasting.actions);
	close_keep_errno(s->lasting.trust);
	fetch_forget(s);
	s->lasting.rules = read_rules(s);
	s->lasting.actions = read_actions(s);
	s->lasting.trust = read_trust(s);
	malloc_trim(0);		/* of the texts nothing is needed here any more */
}
