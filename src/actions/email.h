/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ACTIONS_EMAIL_H
#define BPFD_ACTIONS_EMAIL_H

#include "actions/net.h"
#include "alerts/lmtp.h"

/* What both ways of sending mail share: the message, and which of several recipients have it. */
_Static_assert(ACTION_TO_MAX == LMTP_TO_MAX, "a bit for each recipient");

struct email {
	/* Of the message that is tried: */
	uint64_t number;
	size_t n;
	uint32_t done;			/* recipients that have it or refused it for good */
	char helo[65];
	/* smtp */
	char url[512];
	struct curl_slist *to;		/* of this try */
	size_t read;			/* bytes of the body that curl has */
	int asked;			/* recipient that the next answer is about, or -1 */
	uint32_t taken, refused, later;	/* what the server said of each */
	char answer[160];		/* its first answer that was not good */
	/* lmtp */
	bool begun;
	struct lmtp lmtp;
};

int	email_open(struct net_target *t, char why[NET_WHY]);
int	email_compose(struct net_target *t);
/* Recipient i's address, or NULL behind the last one. */
const char *email_to(const struct net_target *t, unsigned int i);

#endif
