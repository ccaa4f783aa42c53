/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_RENDER_H
#define BPFD_EVENTS_RENDER_H

#include <stdint.h>

#include "events/schema.h"

/*
 * Events as text.  One event is one line without a line end, whatever bytes its strings have:
 * JSON escapes (invalid UTF-8 as \ufffd with the raw bytes in "NAME_hex"), the line formats
 * escape controls, backslash and separators as \n, \t, \\, \xNN.
 */
enum render_format {
	RENDER_JSON,		/* every field, types kept */
	RENDER_TABLE,		/* columns for people */
	RENDER_SEED,		/* stdout line of genuinetools/bpfd: tracer PID TGID UID GID ... by TAB */
	RENDER_LOGFMT,		/* trace line of genuinetools/bpfd: level=info msg="map[string]string{...}" */
	RENDER_EXECSNOOP,	/* go-ebpf: a JSON document per line, its names */
	RENDER_SOCKETSNOOP,
	N_RENDER_FORMATS
};
extern const char *const render_format_names[N_RENDER_FORMATS];	/* "json", ... */

/*
 * The length of the line, never more than room: what does not fit is cut inside the longest
 * strings and the line stays well-formed.  With RENDER_ROOM_MIN every event fits.
 */
#define RENDER_ROOM_MIN	8192
#define RENDER_ROOM	65536		/* enough for all but the largest; few events are ever cut */
struct render {
	enum render_format format;
	int64_t boot_offset_ns;
	const char *host;		/* for JSON; may be NULL */
};
/* 0: this format does not show this event (execsnoop an open, say). */
size_t	render_event(const struct render *r, const struct event *e, char *out, size_t room);
size_t	render_header(const struct render *r, char *out, size_t room);	/* of RENDER_TABLE; else 0 */

/* One value as text, as in a table; for decimal compare in rules of format 1 too.  A time is its
 * number.  Cut at room. */
size_t	render_value(const struct field *f, const struct value *v, char *out, size_t room);

#endif
