# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += src/alerts/queue.h src/alerts/alert.h src/alerts/alert.def
