/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/worker.h"

const char worker_name[] = "bpfd-action";

const struct class_ops *const worker_classes[N_ACTION_CLASSES] = {
	[CLASS_OUTPUT] = &class_output,
	[CLASS_SYSLOG] = &class_syslog,
	[CLASS_EXEC] = &class_exec,
	[CLASS_SIGNAL] = &class_signal,
	[CLASS_CGROUP] = &class_cgroup,
	[CLASS_CHECKPOINT] = &class_checkpoint,
};
