/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/net.h"

const struct sender *
sender_of(const struct action_def *a)
{
	static const struct sender *const senders[N_ACTION_TYPES] = {
		[ACTION_WEBHOOK] = &sender_webhook,
		[ACTION_SLACK] = &sender_slack,
		[ACTION_EMAIL] = &sender_smtp,
	};

	return a->type == ACTION_EMAIL && a->net.lmtp ? &sender_lmtp : senders[a->type];
}
