/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/proxy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* libcurl knows them in these cases; http_proxy in lower case alone, since CGI makes HTTP_PROXY of a header.
 */
static const char *const variables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

static const char *const schemes[] = {
	"http://", "https://", "socks4://", "socks4a://", "socks5://", "socks5h://"};

static bool has_known_scheme(const char *url)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return url[strlen(schemes[i])] != '\0';
	return false;
}

static bool is_none(const char *setting)
{
	return strcmp(setting, "none") == 0;
}

int proxy_check(const char *setting, Error *error)
{
	if (is_none(setting) || has_known_scheme(setting))
		return 0;
	return error_set(error, "Proxy= is neither none nor a URL that begins with http://, https://, "
				"socks5h:// or the like");
}

int proxy_apply(const char *setting, Error *error)
{
	bool none = setting && is_none(setting);

	if (!setting)
		return 0;
	if (proxy_check(setting, error) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if ((none ? unsetenv(variables[i]) : setenv(variables[i], setting, true)) < 0)
			return error_os(error, errno, "cannot set %s in the environment", variables[i]);
	return 0;
}
