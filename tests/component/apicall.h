/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_APICALL_H
#define BPFD_TESTS_APICALL_H

#include "bpfd_v1.pb-c.h"
#include "bpfman_v1.pb-c.h"
#include "component/apirig.h"
#include "component/h2client.h"

/* cmocka's fixture: a bpfd-api with a fake loader, and one call of it at a time. */
struct apicall {
	struct apirig rig;
	struct event_base *base;
	struct client *client;
	ProtobufCMessage *answer;	/* of the last call; NULL: it failed */
	char text[512], details[9000];
};

int	apicall_setup(void **state);
int	apicall_teardown(void **state);
void	apicall_hang_up(struct apicall *t);	/* the next call connects again */
void	apicall_restart(struct apicall *t);	/* kill -9 of bpfd-api, a new one, a new loader */

/* The status; what it says is in t->text, t->answer is unpacked by rs. */
int	apicall(struct apicall *t, const char *method, const ProtobufCMessage *rq,
		const ProtobufCMessageDescriptor *rs);
int32_t	apicall_start(struct apicall *t, const char *method, const ProtobufCMessage *rq);
int	apicall_finish(struct apicall *t, int32_t stream, const ProtobufCMessageDescriptor *rs);

/* bpfd.v1 calls that most tests make.  The status. */
int	api_load(struct apicall *t, const char *content);
int	api_attach(struct apicall *t, uint32_t program);
int	api_detach(struct apicall *t, uint64_t link);
int	api_unload(struct apicall *t, uint64_t group);
const Bpfd__V1__ListResponse *api_list(struct apicall *t);
const Bpfd__V1__ListLinksResponse *api_links(struct apicall *t);
const Bpfd__V1__StatusResponse *api_status(struct apicall *t);
uint32_t api_loaded(struct apicall *t);		/* loads one program; its number */

#endif
