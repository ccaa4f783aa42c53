/* SPDX-License-Identifier: Apache-2.0 */
uint32_t needy(void);
