# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += src/signature/signature.h src/signature/trust.h
