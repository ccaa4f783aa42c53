/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfctl/spec.h"

#define TIMEOUT_DEFAULT_MS 30000

const char *
ctl_socket(const char *path)
{
	if (!path || !*path)
		path = getenv("BPFD_HOST");
	if (!path || !*path)
		return BPFD_RUNSTATEDIR "/bpfd/bpfd.sock";
	if (strncmp(path, "unix:", 5) != 0)
		return path;
	path += 5;
	/* gRPC writes unix:///absolute/path as well. */
	return strncmp(path, "//", 2) == 0 ? path + 2 : path;
}

static int
read_timeout(const struct ctl *ctl, const struct args *args, uint64_t *ms)
{
	const char *text = args_get(args, "timeout");
	double s;
	char *end;

	*ms = TIMEOUT_DEFAULT_MS;
	if (!text)
		return CTL_DONE;
	s = strtod(text, &end);
	if (end == text || *end || !(s >= 0) || s > 1e6)
		return ctl_fail(ctl, CTL_USAGE, NULL, "--timeout",
			"\"%s\" is not a number of seconds from 0 to 1000000", text);
	*ms = s > 0 && s < 0.001 ? 1 : (uint64_t)(s * 1000);
	return CTL_DONE;
}

static int
read_style(const struct ctl *ctl, const struct args *args, struct out_style *style)
{
	const char *name = args_get(args, "output"), *no_color = getenv("NO_COLOR");
	int format = out_format_from_name(name ? name : "table");

	if (format < 0)
		return ctl_fail(ctl, CTL_USAGE, "there are table, wide, json, yaml and kv",
			"--output", "unknown format \"%s\"", name);
	style->format = (enum out_format)format;
	style->headers = !args_has(args, "no-headers");
	style->color = !args_has(args, "no-color") && !(no_color && *no_color) &&
		isatty(STDOUT_FILENO);
	return CTL_DONE;
}

int
ctl_open(struct ctl *ctl, const struct args *args)
{
	struct out_style style = { 0 };
	uint64_t timeout_ms;
	int err;

	*ctl = (struct ctl){ .quiet = args_has(args, "quiet") };
	if (read_style(ctl, args, &style) || read_timeout(ctl, args, &timeout_ms))
		return CTL_USAGE;
	err = client_new(ctl_socket(args_get(args, "socket")), &ctl->client);
	if (err == -ENAMETOOLONG)
		return ctl_fail(ctl, CTL_USAGE, NULL, "--socket",
			"the path is too long for a socket");
	if (err || out_new(&style, &ctl->out))
		return ctl_fail(ctl, CTL_FAILED, NULL, "start", "no memory");
	client_set_timeout(ctl->client, timeout_ms);
	return CTL_DONE;
}

void
ctl_close(struct ctl *ctl)
{
	client_free(ctl->client);
	out_free(ctl->out);
}

int
ctl_print(struct ctl *ctl)
{
	int err = ctl->quiet ? 0 : out_print(ctl->out, stdout);

	if (err)
		return ctl_fail(ctl, CTL_FAILED, NULL, "output", "%s", strerror(-err));
	return CTL_DONE;
}

int
ctl_print_link(struct ctl *ctl, const Bpfd__V1__Link *link)
{
	out_list(ctl->out, "links", &schema_link, (const void *const *)&link, link ? 1 : 0, SHOW_TABLE);
	return ctl_print(ctl);
}

int
ctl_read_id(const struct ctl *ctl, const char *what, const char *text, uint64_t max, uint64_t *id)
{
	if (spec_is_id(text) && spec_number(text, 1, max, id) == 0)
		return CTL_DONE;
	return ctl_fail(ctl, CTL_USAGE, "bpfctl list shows the numbers", what,
		"\"%s\" is not a number", text);
}

static int
ambiguous(const struct ctl *ctl, const char *what, const char *name,
	const Bpfd__V1__ListResponse *all)
{
	AUTO(buf) struct buf list = { 0 };

	for (size_t i = 0; i < all->n_programs; i++) {
		const Bpfd__V1__Program *p = all->programs[i];

		if (strcmp(p->name, name) == 0)
			buf_printf(&list, "%s%u (%s, group %llu)", list.len ? ", " : "", p->id,
				p->type, (unsigned long long)p->group);
	}
	return ctl_fail(ctl, CTL_USAGE, "name one of them by its number", what,
		"several programs are called \"%s\": %s", name, buf_text(&list));
}

int
ctl_find_program(struct ctl *ctl, const char *what, const char *prog, uint32_t *id)
{
	Bpfd__V1__ListRequest req = BPFD__V1__LIST_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	uint64_t number;
	size_t n = 0;

	if (spec_is_id(prog)) {
		if (ctl_read_id(ctl, what, prog, UINT32_MAX, &number))
			return CTL_USAGE;
		*id = (uint32_t)number;
		return CTL_DONE;
	}
	if (rpc_list(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, what, &e);
	for (size_t i = 0; i < all->n_programs; i++)
		if (strcmp(all->programs[i]->name, prog) == 0) {
			*id = all->programs[i]->id;
			n++;
		}
	if (n > 1)
		return ambiguous(ctl, what, prog, all);
	if (n == 0)
		return ctl_fail(ctl, CTL_NOT_FOUND, "bpfctl list shows the programs", what,
			"no program of bpfd is called \"%s\"", prog);
	return CTL_DONE;
}
