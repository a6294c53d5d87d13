/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/fetch/url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

static inline CURLU *url_parts_free(CURLU *parts)
{
	curl_url_cleanup(parts);
	return NULL;
}
DEFINE_CLEANUP(CURLU *, url_parts_free);

static inline void url_text_cleanup(char **text)
{
	curl_free(*text);
}

bool url_is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
}

static bool is_http(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0;
}

int url_for_people(const char *url, char **ret, Error *error)
{
	const char *host = strstr(url, "://");
	const char *at;

	if (!host)
		return text_format(ret, error, "%.300s", url);
	host += 3;
	at = memrchr(host, '@', strcspn(host, "/?#"));
	return text_format(ret, error, "%.*s%.600s", (int)(host - url), url, at ? at + 1 : host);
}

int url_origin_for_people(const char *url, char **ret, Error *error)
{
	CLEANUP_FREE char *text = NULL;
	char *host;

	if (url_for_people(url, &text, error) < 0)
		return -1;
	host = strstr(text, "://");
	if (host)
		host[3 + strcspn(host + 3, "/?#")] = '\0';
	*ret = TAKE_PTR(text);
	return 0;
}

int url_check(const char *url, Error *error)
{
	CLEANUP_FREE char *shown = NULL;
	CLEANUP(url_parts_free) CURLU *parts = NULL;
	CLEANUP(url_text) char *host = NULL;

	if (strnlen(url, URL_LENGTH_MAX + 1) > URL_LENGTH_MAX)
		return error_set(error, "the URL has more than %d bytes", URL_LENGTH_MAX);
	if (url_for_people(url, &shown, error) < 0)
		return -1;
	if (!url_is_https(url) && !is_http(url))
		return error_set(error, "\"%s\" does not begin with https:// or http://", shown);
	parts = curl_url();
	if (!parts)
		return error_memory(error);
	/* libcurl would take "http:///name/" for "http://name/". */
	if (strstr(url, ":///") == strstr(url, "://") ||
		curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
		curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK || !*host)
		return error_set(error, "\"%s\" is not a valid URL", shown);
	return 0;
}

int url_check_redirect(const char *from, const char *to, Error *error)
{
	CLEANUP_FREE char *shown_from = NULL, *shown_to = NULL;

	if (url_for_people(from, &shown_from, error) < 0 || url_for_people(to, &shown_to, error) < 0)
		return -1;
	if (url_check(to, error) < 0)
		return error_in(error, "%s redirects to what may not be followed", shown_from);
	if (url_is_https(from) && !url_is_https(to))
		return error_set(
			error, "%s redirects to %s, which is not protected by TLS", shown_from, shown_to);
	return 0;
}
