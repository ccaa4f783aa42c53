/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/verdicts.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "loader/handlers.h"
#include "loader/loader.h"

enum image_signature
verdicts_find(const struct verdicts *v, const uint8_t sha256[32])
{
	for (uint32_t i = v->n; i > 0 && i + VERDICTS_MAX > v->n; i--)
		if (memcmp(v->of[(i - 1) % VERDICTS_MAX].sha256, sha256, 32) == 0)
			return v->of[(i - 1) % VERDICTS_MAX].signature;
	return IMAGE_UNSIGNED;
}

int
on_OBJECT_VERDICT(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_verdict *m,
	int *fds)
{
	struct verdicts *v = &ld->verdicts;

	if (m->signature >= N_IMAGE_SIGNATURES || !IPC_STR_OK(m->digest) || !IPC_STR_OK(m->ref) ||
	    !IPC_STR_OK(m->signer))
		return -EPROTO;
	v->of[v->n % VERDICTS_MAX].signature = (enum image_signature)m->signature;
	memcpy(v->of[v->n++ % VERDICTS_MAX].sha256, m->object_sha256, sizeof(m->object_sha256));
	log_info("image.verdict", "ref=%s digest=%s signature=%u signer=\"%s\"", m->ref, m->digest, m->signature,
		m->signer);
	return chan_send(ld->sup, IPC_VERDICT_NOTED, h->seq, NULL, NULL);
}
