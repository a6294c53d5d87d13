/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/language.h"

#include <libintl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"

static const char domain[] = "suture";
static bool started;

/* gettext makes of each word a part of a path below its directory. A name of a language has no slash. */
static void check_wish(void)
{
	const char *wish = getenv("LANGUAGE");

	if (wish && strchr(wish, '/'))
		(void)unsetenv("LANGUAGE");
}

void language_start(void)
{
	check_wish();
	/* No other category: numbers, and which bytes are letters, stay as they are everywhere. Without
	 * LC_CTYPE, gettext would take the terminal for one that shows ASCII only. */
	started = setlocale(LC_MESSAGES, "") && bindtextdomain(domain, SUTURE_LOCALE_DIR) &&
		  bind_textdomain_codeset(domain, "UTF-8") && textdomain(domain) &&
		  bind_textdomain_codeset("libc", "UTF-8");
}

const char *language_text(const char *text)
{
	/* The empty text stands for the head of a translation. */
	return started && *text ? gettext(text) : text;
}

const char *language_plural(const char *one, const char *many, unsigned long n)
{
	if (started)
		return ngettext(one, many, n);
	return n == 1 ? one : many;
}
