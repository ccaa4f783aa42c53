/* SPDX-License-Identifier: Apache-2.0 */
/* One run of an iterator: started here, read by a oneshot, whose channel goes to the API. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "loader/authorise.h"
#include "loader/handlers.h"
#include "loader/loader.h"

static int
start(struct loader *ld, uint64_t link_id, int *stream, struct msg_result *res)
{
	const struct obj_link *l = objects_link(&ld->objects, link_id);
	struct msg_one_fd facts;
	AUTO(fd) int link = -1;
	AUTO(fd) int iter = -1;

	if (!l)
		return result_set(res, IPC_NOT_FOUND, -ENOENT, "there is no link %" PRIu64, link_id);
	if (strcmp(l->facts.kind, "iter") != 0)
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "link %" PRIu64 " is of kind %s: only "
			"those of kind iter can be read", link_id, l->facts.kind);
	link = objects_open_link(&ld->objects, l);
	if (link < 0)
		return result_set(res, IPC_DATA_LOSS, link, "the pin of link %" PRIu64 " is gone", link_id);
	iter = kernel_iter_create(&ld->kernel, link);
	if (iter < 0)
		return result_set(res, IPC_FAILED_PRECONDITION, iter, "the kernel does not start the iterator: %s",
			strerrordesc_np(-iter));
	return oneshot_fd(ld, IPC_ONE_ITER, NULL, &iter, &facts, stream, res);
}

int
on_ITER_READ(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_iter_read *m,
	int *fds)
{
	AUTO(fd) int stream = -1;
	struct msg_result res;
	int err = authorise(ld, fds[0], "read an iterator", &res);

	if (!err)
		err = start(ld, m->link_id, &stream, &res);
	if (err) {
		reply_result(ld, h->seq, &res);
		return 0;
	}
	reply(ld, IPC_ITER_STREAM, h->seq, NULL, &stream);
	reply_ok(ld, h->seq, 1);
	return 0;
}
