/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_PARTS_H
#define BPFD_API_RPC_PARTS_H

#include "api/call_arena.h"
#include "api/programs.h"

/*
 * What the handlers share.  A scratch holds the parts of an answer until it is packed: a failed
 * allocation makes the part empty and is remembered, rpc_reply() then answers with an error.
 */
struct scratch {
	ProtobufCAllocator alloc;
	bool failed;
	struct arena arena;
};
void	scratch_start(struct scratch *s);
void	*scratch_take(struct scratch *s, size_t n, size_t size);	/* zeroed; NULL: failed */
char	*scratch_printf(struct scratch *s, const char *fmt, ...)	/* at most 255 bytes */
		__attribute__((format(printf, 2, 3)));
/* Replies and ends the scratch. */
void	rpc_reply(struct call *call, struct scratch *s, const ProtobufCMessage *response);
/* The same, but RESOURCE_EXHAUSTED where the answer has more than max_bytes (0: RPC_MESSAGE_MAX);
 * less: what to ask with for a smaller one. */
#define RPC_MESSAGE_MAX	(4u << 20)	/* what gRPC libraries take */
void	rpc_reply_within(struct call *call, struct scratch *s, const ProtobufCMessage *response,
		uint64_t max_bytes, const char *less);

/* Every map<string, string> and map<string, bytes> of protobuf-c has entries like these. */
struct text_entry {
	ProtobufCMessage base;
	char *key, *value;
};
struct bytes_entry {
	ProtobufCMessage base;
	char *key;
	ProtobufCBinaryData value;
};

/* Entries of a map to kvs, the last of a key wins.  False: refused, naming the field. */
bool	rpc_texts(struct call *call, const char *field, size_t n, void *entries, struct kvs *out);
bool	rpc_globals(struct call *call, const char *field, size_t n, void *entries, struct kvs *out,
		struct msg_load *msg);

/* The other way; *out is an array of entries with that descriptor.  The number of entries. */
size_t	rpc_text_entries(struct scratch *s, const struct kvs *k,
		const ProtobufCMessageDescriptor *desc, void *out);
size_t	rpc_bytes_entries(struct scratch *s, const struct kvs *k,
		const ProtobufCMessageDescriptor *desc, void *out);

/* Copies a string field into an array.  False: refused as empty (when it must not be), too long or
 * with control characters. */
bool	rpc_string(struct call *call, const char *field, const char *text, char *out, size_t size,
		bool may_be_empty);

/* Adds a program to a load. */
bool	rpc_load_prog(struct call *call, const char *field, struct msg_load *msg, const char *name,
		const char *kind, const char *attach_to);

/* The types that the named programs need: the loader refuses any other. */
void	rpc_load_grant(struct msg_load *msg);
bool	rpc_load_texts(struct call *call, struct load_args *a, const char *path, const char *source,
		const char *uuid);

/* Priority, direction, mode and proceed-on as the kind has them; 0 becomes the default priority. */
#define RPC_PRIORITY_MAX 1000
bool	rpc_attach_check(struct call *call, const char *prefix, struct msg_attach *m);
/* Into m->options.  False: refused, naming the field. */
bool	rpc_options(struct call *call, const char *field, size_t n, void *entries, struct msg_attach *m);
bool	rpc_option(struct call *call, const char *field, struct msg_attach *m, const char *name,
		const char *value);
/* A return code that lets the next program run.  code: of XDP or TC, as bpfman counts them. */
bool	rpc_proceed_on(struct call *call, const char *field, struct msg_attach *m, int32_t code);
bool	rpc_proceed_on_name(struct call *call, const char *field, struct msg_attach *m,
		const char *name);

/* The names of the bits of a proceed-on set, for that kind. */
size_t	rpc_proceed_on_names(struct scratch *s, const char *kind, uint32_t set, char ***out);

const char *rpc_live_name(enum live_state live, bool link);	/* "loaded", "lost", ... */

/* A query that asks the loader first; the handlers embed it.  call is NULL after a cancel. */
struct query {
	struct api *api;
	struct call *call;
};
struct query *rpc_query(struct call *call, size_t size);	/* NULL: the call has its error */

/* The program with that number in the answer to KERNEL_LIST; NULL: none, or no answer. */
const struct msg_prog_facts *rpc_find_prog(const struct answer *a, uint64_t id);
void	rpc_loader_away(struct call *call);		/* UNAVAILABLE */

#endif
