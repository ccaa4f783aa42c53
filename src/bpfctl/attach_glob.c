/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/attach_glob.h"

#include <stdlib.h>
#include <string.h>

#include "bpfctl/rpc.h"

bool
attach_is_glob(struct ctl *ctl, const Bpfd__V1__AttachRequest *req)
{
	Bpfd__V1__StatusRequest ask = BPFD__V1__STATUS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__StatusResponse *status = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	/* What other kinds take as a pattern is theirs. */
	if (req->future || !strpbrk(req->target, "*?[") || rpc_status(ctl->client, &ask, &status, &e))
		return false;
	for (size_t i = 0; i < status->n_attach_kinds; i++)
		if (strcmp(status->attach_kinds[i]->name, req->kind) == 0)
			return strcmp(status->attach_kinds[i]->target, "INTERFACE") == 0;
	return false;
}

struct found {
	struct ctl *ctl;
	Bpfd__V1__AttachRequest req;
	Bpfd__V1__AttachResponse **replies;
	size_t n, n_failed, n_tried;
	int first_failure;
};

static void
attach_to(struct found *f, char *name)
{
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(buf) struct buf what = { 0 };
	int status;

	f->req.target = name;
	f->n_tried++;
	if (rpc_attach(f->ctl->client, &f->req, &f->replies[f->n], &e) == 0) {
		f->n++;
		return;
	}
	buf_printf(&what, "attach %s:%s", f->req.kind, name);
	status = ctl_fail_call(f->ctl, buf_text(&what), &e);
	if (f->n_failed++ == 0)
		f->first_failure = status;
}

static void
print(const struct found *f)
{
	AUTO(mem) const void **links = calloc(f->n + 1, sizeof(*links));
	size_t n = 0;

	for (size_t i = 0; links && i < f->n; i++)
		if (f->replies[i]->link)
			links[n++] = f->replies[i]->link;
	out_list(f->ctl->out, "links", &schema_link, links, n, SHOW_TABLE);
}

/* Those of the dry run, the refused ones too: what is said of them then is the daemon's answer to an attach. */
static int
attach_all(struct found *f, const Bpfd__V1__Link *fit)
{
	int status;

	for (size_t i = 0; i < fit->n_interfaces; i++)
		attach_to(f, fit->interfaces[i]);
	for (size_t i = 0; i < fit->n_failures; i++)
		attach_to(f, fit->failures[i]->key);
	print(f);
	status = ctl_print(f->ctl);
	return f->n_failed ? ctl_exit_of_many(f->n_tried, f->n_failed, f->first_failure) : status;
}

int
attach_glob(struct ctl *ctl, const Bpfd__V1__AttachRequest *req)
{
	struct found f = { .ctl = ctl, .req = *req };
	Bpfd__V1__AttachRequest ask = *req;
	AUTO(reply) Bpfd__V1__AttachResponse *fit = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	int status;

	ask.future = ask.dry_run = true;
	if (rpc_attach(ctl->client, &ask, &fit, &e))
		return ctl_fail_call(ctl, "attach", &e);
	if (!fit->link || fit->link->n_interfaces + fit->link->n_failures == 0)
		return ctl_fail(ctl, CTL_NOT_FOUND, "--future waits for those that come", "attach",
			"no interface fits %s", req->target);
	f.replies = calloc(fit->link->n_interfaces + fit->link->n_failures, sizeof(*f.replies));
	if (!f.replies)
		return ctl_fail(ctl, CTL_FAILED, NULL, "attach", "no memory");
	status = attach_all(&f, fit->link);
	for (size_t i = 0; i < f.n; i++)
		protobuf_c_message_free_unpacked(&f.replies[i]->base, NULL);
	free(f.replies);
	return status;
}
