/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/worker.h"

const char worker_name[] = "bpfd-alert";

/* One code, a process and a user each: a receiver of mail does not see what goes to web servers. */
const struct class_ops *const worker_classes[N_ACTION_CLASSES] = {
	[CLASS_WEB] = &class_net,
	[CLASS_MAIL] = &class_net,
};
