/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"
#include "bpfman_v1.pb-c.h"
