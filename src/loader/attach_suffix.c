/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/attach_suffix.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

void
attach_suffix_write(const struct attach_suffix *s, char out[ATTACH_SUFFIX_MAX])
{
	int n = 0;

	if (s->kind == ATTACH_SUFFIX_SOCKET)
		snprintf(out, ATTACH_SUFFIX_MAX, "k-%u-%u-%u-%" PRIx64 "-%u", s->priority, s->pid, s->fd,
			s->cookie, s->prog_id);
	else if (s->kind == ATTACH_SUFFIX_OPS)
		snprintf(out, ATTACH_SUFFIX_MAX, "s-%u-%u", s->priority, s->prog_id);
	else if (s->kind == ATTACH_SUFFIX_HASH)
		snprintf(out, ATTACH_SUFFIX_MAX, "h-%s-%" PRIx64 "-%u-%u", s->name, s->hook, s->spec_first,
			s->n_specs);
	else if (s->kind == ATTACH_SUFFIX_MAP)
		snprintf(out, ATTACH_SUFFIX_MAX, "m-%u-%u-%u-%u", s->map_id, s->attach_type, s->priority,
			s->prog_id);
	else if (s->kind == ATTACH_SUFFIX_LINK)
		n = snprintf(out, ATTACH_SUFFIX_MAX, "l-%u-%" PRIu64 "-%c", s->priority, s->netns_ino,
			s->mode ? s->mode : '-');
	else if (s->kind == ATTACH_SUFFIX_DISPATCHER)
		snprintf(out, ATTACH_SUFFIX_MAX, "d-%u-%u-%x-%u-%" PRIu64, s->ifindex, s->priority,
			s->proceed_on, s->prog_id, s->netns_ino);
	else
		n = snprintf(out, ATTACH_SUFFIX_MAX, "c-%u-%c-%u-%x-%c-%u-%" PRIu64, s->ifindex,
			s->egress ? 'e' : 'i', s->priority, s->handle, s->made_qdisc ? 'q' : 'n',
			s->prog_id, s->netns_ino);
	if (n && s->stub_id)
		snprintf(out + n, (size_t)(ATTACH_SUFFIX_MAX - n), "-%x-%u", s->proceed_on, s->stub_id);
	else if (n && s->proceed_on)
		snprintf(out + n, (size_t)(ATTACH_SUFFIX_MAX - n), "-%x", s->proceed_on);
}

/* Reads a number up to max and the border behind it: '-', or the end. */
static bool
number(const char **at, int base, uint64_t max, char border, uint64_t *out)
{
	size_t len = strspn(*at, base == 16 ? "0123456789abcdef" : "0123456789");
	char *end;

	if (!len)
		return false;
	errno = 0;
	*out = strtoull(*at, &end, base);
	if (errno || end != *at + len || *out > max || *end != border)
		return false;
	*at = border ? end + 1 : end;
	return true;
}

/* The last number of some, and of others the one before the last. */
static bool
number_or_end(const char **at, uint64_t max, uint64_t *out, bool *end)
{
	*end = number(at, 10, max, '\0', out);
	return *end || number(at, 10, max, '-', out);
}

/* One of two letters and the border behind it. */
static bool
letter(const char **at, const char *letters, char border, char *out)
{
	*out = **at;
	if (!*out || !strchr(letters, *out) || (*at)[1] != border)
		return false;
	*at += border ? 2 : 1;
	return true;
}

static bool
read_link(const char *at, struct attach_suffix *s)
{
	uint64_t priority, proceed_on = 0, stub = 0;

	if (!number(&at, 10, 1000, '-', &priority) || !number(&at, 10, UINT64_MAX, '-', &s->netns_ino) ||
	    (!letter(&at, "ns-", '\0', &s->mode) && (!letter(&at, "ns-", '-', &s->mode) ||
		    !number(&at, 16, UINT32_MAX, '-', &proceed_on) ||
		    !number(&at, 10, UINT32_MAX, '\0', &stub) || !proceed_on || !stub)))
		return false;
	s->priority = (uint16_t)priority;
	s->proceed_on = (uint32_t)proceed_on;
	s->stub_id = (uint32_t)stub;
	return true;
}

static bool
read_hash(const char *at, struct attach_suffix *s)
{
	size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
	uint64_t first, n;

	if (!len || len >= sizeof(s->name) || at[len] != '-')
		return false;
	memcpy(s->name, at, len);
	at += len + 1;
	if (!number(&at, 16, UINT64_MAX, '-', &s->hook) || !number(&at, 10, UINT16_MAX, '-', &first) ||
	    !number(&at, 10, UINT16_MAX, '\0', &n) || !s->hook)
		return false;
	s->spec_first = (uint32_t)first;
	s->n_specs = (uint32_t)n;
	return true;
}

static bool
read_filter(const char *at, struct attach_suffix *s)
{
	uint64_t ifindex, priority, handle, prog, proceed_on = 0;
	char direction, qdisc;
	bool end;

	if (!number(&at, 10, INT32_MAX, '-', &ifindex) || !letter(&at, "ie", '-', &direction) ||
	    !number(&at, 10, 1000, '-', &priority) || !number(&at, 16, UINT32_MAX, '-', &handle) ||
	    !letter(&at, "qn", '-', &qdisc) || !number(&at, 10, UINT32_MAX, '-', &prog) ||
	    !number_or_end(&at, UINT64_MAX, &s->netns_ino, &end) || !ifindex || !handle ||
	    (!end && (!number(&at, 16, UINT32_MAX, '\0', &proceed_on) || !proceed_on)))
		return false;
	s->proceed_on = (uint32_t)proceed_on;
	s->ifindex = (uint32_t)ifindex;
	s->priority = (uint16_t)priority;
	s->handle = (uint32_t)handle;
	s->prog_id = (uint32_t)prog;
	s->egress = direction == 'e';
	s->made_qdisc = qdisc == 'q';
	return true;
}

static bool
read_ops(const char *at, struct attach_suffix *s)
{
	uint64_t priority, prog;

	if (!number(&at, 10, 1000, '-', &priority) || !number(&at, 10, UINT32_MAX, '\0', &prog))
		return false;
	s->priority = (uint16_t)priority;
	s->prog_id = (uint32_t)prog;
	return prog != 0;
}

static bool
read_map(const char *at, struct attach_suffix *s)
{
	uint64_t map, type, priority, prog;

	if (!number(&at, 10, UINT32_MAX, '-', &map) || !number(&at, 10, 255, '-', &type) ||
	    !number(&at, 10, 1000, '-', &priority) || !number(&at, 10, UINT32_MAX, '\0', &prog) || !map)
		return false;
	s->map_id = (uint32_t)map;
	s->attach_type = (uint32_t)type;
	s->priority = (uint16_t)priority;
	s->prog_id = (uint32_t)prog;
	return true;
}

static bool
read_dispatcher(const char *at, struct attach_suffix *s)
{
	uint64_t ifindex, priority, proceed_on, prog;

	if (!number(&at, 10, INT32_MAX, '-', &ifindex) || !number(&at, 10, 1000, '-', &priority) ||
	    !number(&at, 16, 0x1f, '-', &proceed_on) || !number(&at, 10, UINT32_MAX, '-', &prog) ||
	    !number(&at, 10, UINT64_MAX, '\0', &s->netns_ino) || !ifindex || !prog)
		return false;
	s->ifindex = (uint32_t)ifindex;
	s->priority = (uint16_t)priority;
	s->proceed_on = (uint32_t)proceed_on;
	s->prog_id = (uint32_t)prog;
	return true;
}

static bool
read_socket(const char *at, struct attach_suffix *s)
{
	uint64_t priority, pid, fd, prog;

	if (!number(&at, 10, 1000, '-', &priority) || !number(&at, 10, INT32_MAX, '-', &pid) ||
	    !number(&at, 10, INT32_MAX, '-', &fd) || !number(&at, 16, UINT64_MAX, '-', &s->cookie) ||
	    !number(&at, 10, UINT32_MAX, '\0', &prog))
		return false;
	s->priority = (uint16_t)priority;
	s->pid = (uint32_t)pid;
	s->fd = (uint32_t)fd;
	s->prog_id = (uint32_t)prog;
	return pid && prog;
}

int
attach_suffix_read(const char *text, struct attach_suffix *out)
{
	static const struct {
		char letter;
		enum attach_suffix_kind kind;
		bool (*read)(const char *at, struct attach_suffix *s);
	} kinds[] = {
		{ 'l', ATTACH_SUFFIX_LINK, read_link },
		{ 'c', ATTACH_SUFFIX_FILTER, read_filter },
		{ 's', ATTACH_SUFFIX_OPS, read_ops },
		{ 'm', ATTACH_SUFFIX_MAP, read_map },
		{ 'k', ATTACH_SUFFIX_SOCKET, read_socket },
		{ 'd', ATTACH_SUFFIX_DISPATCHER, read_dispatcher },
		{ 'h', ATTACH_SUFFIX_HASH, read_hash },
	};

	if (strlen(text) >= ATTACH_SUFFIX_MAX || !text[0] || text[1] != '-')
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct attach_suffix s = { .kind = kinds[i].kind };

		if (kinds[i].letter != text[0] || !kinds[i].read(text + 2, &s) ||
		    (!s.priority && s.kind != ATTACH_SUFFIX_HASH))
			continue;
		*out = s;
		return 0;
	}
	return -EINVAL;
}
