/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "common/auto.h"
#include "loader/attach.h"
#include "loader/loader.h"
#include "loader/tc_stub.h"

static int
refuse(const struct attach_in *in, int err, struct msg_result *res)
{
	return result_set(res, IPC_FAILED_PRECONDITION, err, "the kernel refuses the program that honours proceed-on "
		"around program %u: %s; without one it takes tail calls in functions, which Linux 5.10 has on "
		"x86-64 and 6.0 on arm64 (kind tcx, or proceed-on unspec, need none)", in->req->prog_id,
		strerrordesc_np(-err));
}

/* The array that the link has, or a new one: pinned before anything calls what is in it. */
static int
open_array(const struct attach_in *in)
{
	struct objects *t = &in->ld->objects;
	AUTO(fd) int array = -1;
	int err = 0;

	if (in->replaces && in->replaces->stub_id)
		return objects_open_stub(t, in->req->link_id);
	array = tc_stub_array(&in->ld->kernel, in->prog_fd);
	if (array >= 0 && !(in->req->flags & ATTACH_DRY_RUN))
		err = objects_pin_stub(t, in->req->link_id, array);
	return err ? err : TAKE_FD(array);
}

int
loader_stub(const struct attach_in *in, uint32_t proceed_on, bool clsact, struct attach_out *out,
	struct msg_result *res)
{
	struct kernel *k = &in->ld->kernel;
	AUTO(fd) int array = open_array(in);
	AUTO(fd) int stub = array < 0 ? array : tc_stub_load(k, array, in->prog_attach_type, proceed_on, clsact);
	struct bpf_prog_info info;
	int err = stub < 0 ? stub : kernel_info(k, stub, &info, sizeof(info));

	if (err < 0)
		return refuse(in, err, res);
	out->facts.stub_id = info.id;
	out->stub_fd = TAKE_FD(stub);
	return 0;
}
