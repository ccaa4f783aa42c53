/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "registry/http.h"

AUTO_DEFINE(curlu, CURLU *, curl_url_cleanup)

/* Names as DNS has them, and addresses: internationalised names come in their ASCII form. */
static bool
host_ok(const char *host)
{
	static const char chars[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._:";

	return host[0] && host[strspn(host, chars)] == '\0';
}

int
http_url(const char *url, struct http_url *out, struct oci_why *why)
{
	AUTO(curlu) CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
	int err = -EBADMSG;

	if (!u)
		return oci_refuse(why, -ENOMEM, "out of memory");
	if (strlen(url) < HTTP_URL_MAX && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0) &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && strlen(host) < sizeof(out->host) &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		bool six = host[0] == '[';	/* which connect() wants without */

		snprintf(out->scheme, sizeof(out->scheme), "%s", scheme);
		snprintf(out->host, sizeof(out->host), "%.*s", (int)(strlen(host) - 2 * six), host + six);
		out->port = (uint16_t)strtoul(port, NULL, 10);
		err = host_ok(out->host) && out->port ? 0 : err;
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(user);
	return err ? oci_refuse(why, err, "%s is no address of a registry", LOG_QUOTE(url)) : 0;
}
