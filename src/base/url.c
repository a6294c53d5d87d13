/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

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

/* Neither can be sent as it is. */
static bool has_space_or_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return true;
	return false;
}

static bool is_made_of(const char *text, size_t size, const char *others)
{
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(others, text[i]))
			return false;
	return size > 0;
}

/* A name, which may be one of other scripts, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(const char *text, size_t size)
{
	if (size >= 2 && text[0] == '[' && text[size - 1] == ']')
		return is_made_of(text + 1, size - 2, ":.%-_~");
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < 0x80 && !is_made_of(text + i, 1, "-._~%"))
			return false;
	return size > 0;
}

/* ":8080", or nothing. */
static bool is_port(const char *text, size_t size)
{
	unsigned long port = 0;

	if (size == 0)
		return true;
	if (size < 2 || size > 6)
		return false;
	for (size_t i = 1; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	return port > 0 && port <= 65535;
}

/* RFC 3986, section 3.2: what is between "://" and the path. */
static bool has_authority(const char *url)
{
	const char *text = strstr(url, "://") + 3;
	size_t size = strcspn(text, "/?#"), host_size;
	const char *user = memrchr(text, '@', size), *bracket;

	if (user) {
		size -= (size_t)(user + 1 - text);
		text = user + 1;
	}
	bracket = memchr(text, ']', size);
	host_size = bracket ? (size_t)(bracket + 1 - text) : 0;
	while (host_size < size && text[host_size] != ':')
		host_size++;
	return is_host(text, host_size) && is_port(text + host_size, size - host_size);
}

int url_check(const char *url, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if (strnlen(url, URL_LENGTH_MAX + 1) > URL_LENGTH_MAX)
		return error_set(error, "the URL has more than %d bytes", URL_LENGTH_MAX);
	if (url_for_people(url, &shown, error) < 0)
		return -1;
	if (!url_is_https(url) && !is_http(url))
		return error_set(error, "\"%s\" does not begin with https:// or http://", shown);
	if (has_space_or_control(url) || !has_authority(url))
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
