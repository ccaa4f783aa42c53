/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_SLACK_H
#define BPFD_ALERTS_SLACK_H

#include "alerts/alert.h"

/*
 * The body of a request to an incoming webhook of Slack (or of what understands the same:
 * Mattermost, Rocket.Chat): an attachment for each alert, in its severity's colour.
 */
#define SLACK_BATCH	20		/* attachments of one message at most, as Slack asks for */
#define SLACK_ROOM	(512 << 10)	/* enough for so many */

struct slack {
	const char *channel, *username, *icon;	/* NULL or "": what the webhook has */
	const char *host;
};

/* n: 1 to SLACK_BATCH.  The length of the JSON document in out (SLACK_ROOM bytes). */
size_t	slack_write(const struct slack *s, const struct alert *alerts, size_t n, char *out);

#endif
