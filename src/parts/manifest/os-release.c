/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/manifest/os-release.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/text.h"

enum { OS_RELEASE_MAX = 64 * 1024 };

void os_clear(ManifestOs *os)
{
	free(os->id);
	free(os->version_id);
	free(os->image_version);
	free(os->architecture);
	*os = (ManifestOs){.id = NULL};
}

static void os_clear_cleanup(ManifestOs *os)
{
	os_clear(os);
}

/* Takes shell quoting off one value, in place: '…' is literal; within "…" and outside, a backslash quotes the
 * next character. */
static int unquote(char *value, Error *error)
{
	char quote = '\0';
	char *to = value;

	for (const char *at = value; *at; at++) {
		if (!quote && (*at == '"' || *at == '\'')) {
			quote = *at;
		} else if (quote && *at == quote) {
			quote = '\0';
		} else if (*at == '\\' && quote != '\'') {
			if (!*++at)
				return error_set(error, "ends with a lone backslash");
			*to++ = *at;
		} else {
			*to++ = *at;
		}
	}
	if (quote)
		return error_set(error, "has no closing quote");
	*to = '\0';
	return 0;
}

static int take_value(const char *value, size_t size, char **place, Error *error)
{
	char *text = strndup(value, size);

	if (!text)
		return error_memory(error);
	free(*place);
	*place = text;
	return unquote(text, error);
}

static int take_line(const char *line, size_t size, ManifestOs *os, Error *error)
{
	const struct {
		const char *key;
		char **place;
	} wanted[] = {
		{"ID=", &os->id},
		{"VERSION_ID=", &os->version_id},
		{"IMAGE_VERSION=", &os->image_version},
	};

	while (size > 0 && strchr(" \t\r", line[size - 1]))
		size--;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		size_t length = strlen(wanted[i].key);

		if (size < length || memcmp(line, wanted[i].key, length) != 0)
			continue;
		if (take_value(line + length, size - length, wanted[i].place, error) < 0)
			return error_in(error, "%.*s", (int)(length - 1), wanted[i].key);
	}
	return 0;
}

static int take_lines(Bytes text, ManifestOs *os, Error *error)
{
	const char *at = (const char *)text.data;
	size_t left = text.size;

	if (left > 0 && memchr(at, '\0', left))
		return error_set(error, "holds a zero byte");
	while (left > 0) {
		const char *end = memchr(at, '\n', left);
		size_t size = end ? (size_t)(end - at) : left;

		if (take_line(at, size, os, error) < 0)
			return -1;
		at += end ? size + 1 : size;
		left -= end ? size + 1 : size;
	}
	return 0;
}

/* An absent or empty field is what os-release(5) says it stands for. */
static int fill(char **place, const char *otherwise, const char *key, Error *error)
{
	if (*place && !**place) {
		free(*place);
		*place = NULL;
	}
	if (!*place && otherwise && text_copy(otherwise, place, error) < 0)
		return -1;
	if (*place && !text_is_name(*place, MANIFEST_NAME_MAX))
		return error_set(error, "%s is not a plain word: \"%.140s\"", key, *place);
	return 0;
}

int os_parse(Bytes text, const char *architecture, ManifestOs *ret, Error *error)
{
	__attribute__((cleanup(os_clear_cleanup))) ManifestOs os = {.id = NULL};
	struct utsname machine;

	if (text.size > OS_RELEASE_MAX)
		return error_set(error, "os-release has more than %d bytes", OS_RELEASE_MAX);
	if (!architecture) {
		if (uname(&machine) < 0)
			return error_os(error, errno, "cannot ask for the machine's architecture");
		architecture = machine.machine;
	}
	if (take_lines(text, &os, error) < 0 || fill(&os.id, "linux", "ID", error) < 0 ||
		fill(&os.version_id, "rolling", "VERSION_ID", error) < 0 ||
		fill(&os.image_version, NULL, "IMAGE_VERSION", error) < 0 ||
		fill(&os.architecture, architecture, "the architecture", error) < 0)
		return error_in(error, "os-release");
	*ret = os;
	os = (ManifestOs){.id = NULL};
	return 0;
}

int os_read(int root, const char *architecture, ManifestOs *ret, Error *error)
{
	static const char *const places[] = {"etc/os-release", "usr/lib/os-release"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP_CLOSE int fd = file_open_in_root(root, places[i], O_RDONLY | O_NONBLOCK | O_NOCTTY);
		CLEANUP_MAP FileMap map = {NULL, 0};

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return error_os(error, errno, "cannot open %s", places[i]);
		if (file_map(fd, OS_RELEASE_MAX, places[i], &map, error) < 0)
			return -1;
		return os_parse((Bytes){map.data, map.size}, architecture, ret, error);
	}
	return error_set(error, "there is neither etc/os-release nor usr/lib/os-release");
}

int os_match(const ManifestOs *wanted, const ManifestOs *device, Error *error)
{
	if (strcmp(wanted->id, device->id) != 0 || strcmp(wanted->version_id, device->version_id) != 0) {
		(void)error_set(error, "it is made for %s %s, and this is %s %s", wanted->id,
			wanted->version_id, device->id, device->version_id);
		return OS_DIFFERS;
	}
	if (strcmp(wanted->architecture, device->architecture) != 0) {
		(void)error_set(error, "it is made for the architecture %s, and this is %s",
			wanted->architecture, device->architecture);
		return OS_DIFFERS;
	}
	if (!wanted->image_version)
		return 0;
	if (!device->image_version || strcmp(wanted->image_version, device->image_version) != 0) {
		(void)error_set(error, "it is made for image version %s, and this is %s",
			wanted->image_version, device->image_version ? device->image_version : "none");
		return OS_DIFFERS;
	}
	return 0;
}
