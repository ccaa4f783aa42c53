/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_LOG_H
#define BPFD_COMMON_LOG_H

#include <stddef.h>

/*
 * One line per event on standard error: "<N>event.name: key=value ...".  N is the syslog level,
 * as sd-daemon(3) defines the prefix; the supervisor reads it from each child's log pipe.
 * Foreign text goes through log_quote().
 */
enum log_level { LOG_LVL_ERR = 3, LOG_LVL_WARN = 4, LOG_LVL_NOTICE = 5, LOG_LVL_INFO = 6, LOG_LVL_DEBUG = 7 };

void	log_set_level(enum log_level max);	/* lines above max are not written */
void	log_event(enum log_level level, const char *event, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

/* Where lines go instead of standard error: line is "event.name: key=value ...", without the level
 * and the newline.  NULL: standard error again. */
void	log_set_sink(void (*sink)(void *arg, enum log_level level, const char *line), void *arg);

/* Logs at LOG_LVL_ERR with " err=NAME" appended and returns err, a negative errno. */
int	log_err(int err, const char *event, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

/*
 * Writes src to out (size bytes) in double quotes with everything but printable ASCII escaped
 * as \xNN, cut with "..." when it does not fit.  Returns out.
 */
const char *log_quote(char *out, size_t size, const char *src);
#define LOG_QUOTE(src) log_quote((char[160]){0}, 160, (src))

#define log_warn(event, ...)   log_event(LOG_LVL_WARN, event, __VA_ARGS__)
#define log_notice(event, ...) log_event(LOG_LVL_NOTICE, event, __VA_ARGS__)
#define log_info(event, ...)   log_event(LOG_LVL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...)  log_event(LOG_LVL_DEBUG, event, __VA_ARGS__)

#endif
