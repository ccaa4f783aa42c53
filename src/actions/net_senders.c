/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/net.h"

const struct sender *
sender_of(enum action_type type)
{
	static const struct sender *const senders[N_ACTION_TYPES] = {
		[ACTION_WEBHOOK] = &sender_webhook,
	};

	return senders[type];
}
