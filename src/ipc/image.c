/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/image.h"

#include <errno.h>

#include "ipc/chan.h"

int
image_request_check(const struct image_request *r)
{
	if (r->magic != IMAGE_REQUEST_MAGIC || r->mode > IMAGE_CHECK)
		return -EINVAL;
	if (!IPC_STR_OK(r->ref) || !IPC_STR_OK(r->username) || !IPC_STR_OK(r->password) || !IPC_STR_OK(r->arch))
		return -EINVAL;
	return 0;
}

static int
check_names(const struct image_name *names, uint32_t n)
{
	if (n > IMAGE_NAMES_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++)
		if (!IPC_STR_OK(names[i].name) || !names[i].name[0] || !IPC_STR_OK(names[i].kind))
			return -EINVAL;
	return 0;
}

int
image_facts_check(const struct image_facts *f)
{
	if (f->magic != IMAGE_FACTS_MAGIC || f->signature >= N_IMAGE_SIGNATURES)
		return -EINVAL;
	if (check_names(f->programs, f->n_programs) || check_names(f->maps, f->n_maps))
		return -EINVAL;
	if (!IPC_STR_OK(f->ref) || !IPC_STR_OK(f->digest) || !IPC_STR_OK(f->manifest) || !IPC_STR_OK(f->layer) ||
	    !IPC_STR_OK(f->config) || !IPC_STR_OK(f->arch) || !IPC_STR_OK(f->os) || !IPC_STR_OK(f->created) ||
	    !IPC_STR_OK(f->signer) || !IPC_STR_OK(f->issuer))
		return -EINVAL;
	return 0;
}
