/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_NETS_H
#define BPFD_IPC_NETS_H

#include <stdint.h>

/* Networks, as the configuration lists them: those of IPv4 as ::ffff:A.B.C.D with 96 bits more. */
#define IPC_NETS_MAX 32
struct ipc_net { uint8_t address[16]; uint32_t bits, reserved; };
struct conf_NETS { uint32_t n, reserved; struct ipc_net net[IPC_NETS_MAX]; };

#endif
