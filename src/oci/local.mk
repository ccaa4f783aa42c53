# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += src/oci/oci.h src/ipc/image.h
