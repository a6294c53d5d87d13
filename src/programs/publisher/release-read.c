/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * release_read(): from two sets of packages to a manifest without a letter.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "parts/manifest/os-release.h"
#include "programs/publisher/release.h"
#include "programs/publisher/rollout-options.h"

enum { OS_RELEASE_MAX = 64 * 1024 };

/* All .deb files are for one architecture, or for all. */
static int common_architecture(const PackageSet *set, const char **ret, Error *error)
{
	const char *found = NULL;

	for (size_t i = 0; i < set->n_packages; i++) {
		const char *each = set->packages[i].architecture;

		if (strcmp(each, "all") == 0)
			continue;
		if (found && strcmp(found, each) != 0)
			return error_set(error, "the packages are for different architectures: %s and %s",
				found, each);
		found = each;
	}
	*ret = found;
	return 0;
}

static int find_architecture(const Release *release, const char **ret, Error *error)
{
	const char *base = NULL, *fixed = NULL;

	if (release->settings->architecture) {
		const char *kernel = control_kernel_architecture(release->settings->architecture);

		*ret = kernel ? kernel : release->settings->architecture;
		return 0;
	}
	if (common_architecture(release->base, &base, error) < 0 ||
		common_architecture(release->fixed, &fixed, error) < 0)
		return -1;
	if (base && fixed && strcmp(base, fixed) != 0)
		return error_set(error, "the base is for %s and the fix for %s", base, fixed);
	base = base ? base : fixed;
	*ret = base ? control_kernel_architecture(base) : NULL;
	if (base && !*ret)
		return error_set(
			error, "the architecture %s is not known: say --arch as `uname -m` prints it", base);
	return 0;
}

static int read_os(Release *release, Error *error)
{
	const char *path = release->settings->os_release ? release->settings->os_release : "/etc/os-release";
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	const char *architecture = NULL;
	int r;

	if (find_architecture(release, &architecture, error) < 0)
		return -1;
	r = file_read(AT_FDCWD, path, OS_RELEASE_MAX, &text, error);
	if (r != 0)
		return r < 0 ? -1 : error_in(error, "cannot read which OS this is for");
	if (os_parse(buffer_bytes(&text), architecture, &release->manifest->os, error) < 0)
		return error_in(error, "%s", path);
	return 0;
}

/* The version that all packages of a set share; else that of the package named like the component. */
static const char *set_version(const PackageSet *set, const char *component)
{
	const char *version = set->n_packages > 0 ? set->packages[0].version : NULL;

	for (size_t i = 0; i < set->n_packages; i++)
		if (strcmp(set->packages[i].name, component) == 0)
			return set->packages[i].version;
	for (size_t i = 1; version && i < set->n_packages; i++)
		if (strcmp(set->packages[i].version, version) != 0)
			return NULL;
	return version;
}

static int take_version(const char *said, const PackageSet *set, const char *component, const char *option,
	char **ret, Error *error)
{
	const char *version = said ? said : set_version(set, component);

	if (!version)
		return error_set(error, "%s: say --%s=VERSION",
			set->n_packages > 0 ? "the packages have different versions"
					    : "a tree has no version",
			option);
	return text_copy(version, ret, error);
}

static int take_times(Release *release, Error *error)
{
	const PublisherSettings *settings = release->settings;
	Manifest *manifest = release->manifest;

	if (settings->released) {
		if (clock_from_text(settings->released, &manifest->released, error) < 0)
			return error_in(error, "--released");
	} else if (clock_build_time(&manifest->released, error) < 0) {
		return -1;
	}
	manifest->rollout.start = manifest->released;
	manifest->rollout.urgent = settings->is_urgent;
	if (settings->is_urgent && (settings->rollout_hours || settings->rollout_percent))
		return error_set(error,
			"--urgent is for everybody at once: leave out --rollout-hours and --rollout-percent");
	if (settings->rollout_hours &&
		rollout_take_hours(settings->rollout_hours, &manifest->rollout, error) < 0)
		return error_in(error, "--rollout-hours");
	if (settings->rollout_percent &&
		rollout_take_percent(settings->rollout_percent, &manifest->rollout, error) < 0)
		return error_in(error, "--rollout-percent");
	return 0;
}

/* "CVE-2026-1234:high=what it is"; the severity may be left out. */
static int take_advisory(const char *word, const char *component, ManifestAdvisory *to, Error *error)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	const char *colon = memrchr(word, ':', length);
	size_t id_length = colon ? (size_t)(colon - word) : length;

	if (text_format(&to->id, error, "%.*s", (int)id_length, word) < 0 ||
		text_copy(equals ? equals + 1 : "", &to->summary, error) < 0 ||
		text_copy(component, &to->component, error) < 0 ||
		text_copy("security", &to->kind, error) < 0)
		return -1;
	if (!colon)
		return text_copy("unknown", &to->severity, error);
	return text_format(&to->severity, error, "%.*s", (int)(length - id_length - 1), colon + 1);
}

static int take_advisories(Release *release, Error *error)
{
	const OptionList *words = &release->settings->advisories;
	Manifest *manifest = release->manifest;

	manifest->advisories = calloc(words->count + 1, sizeof(*manifest->advisories));
	if (!manifest->advisories)
		return error_memory(error);
	for (size_t i = 0; i < words->count; i++)
		if (take_advisory(words->words[i], manifest->component,
			    &manifest->advisories[manifest->n_advisories++], error) < 0)
			return -1;
	return 0;
}

static int take_base_files(Release *release, Error *error)
{
	const PackageSet *base = release->base;
	Manifest *manifest = release->manifest;

	manifest->base_files = calloc(base->n_entries + 1, sizeof(*manifest->base_files));
	if (!manifest->base_files)
		return error_memory(error);
	for (size_t i = 0; i < base->n_entries; i++) {
		const PackageEntry *entry = &base->entries[i];
		ManifestBaseFile *file = &manifest->base_files[manifest->n_base_files];

		if (entry->type != PACKAGE_FILE || !text_has_prefix(entry->path, "usr/") ||
			(!release->settings->with_docs && changes_is_docs(entry->path)))
			continue;
		if (text_copy(entry->path, &file->path, error) < 0)
			return -1;
		file->size = entry->size;
		file->digest = entry->digest;
		manifest->n_base_files++;
	}
	if (manifest->n_base_files == 0)
		return error_set(error, "the base has no regular file below /usr to recognise it by");
	return 0;
}

static int take_file(const Change *change, ManifestFile *to, Error *error)
{
	static const ManifestFileType types[] = {
		[PACKAGE_FILE] = MANIFEST_REGULAR,
		[PACKAGE_SYMLINK] = MANIFEST_SYMLINK,
		[PACKAGE_DIRECTORY] = MANIFEST_DIRECTORY,
	};
	const PackageEntry *entry = change->fixed;

	if (text_copy(change_path(change), &to->path, error) < 0)
		return -1;
	to->type = entry ? types[entry->type] : MANIFEST_REMOVED;
	if (!entry)
		return 0;
	to->mode = entry->type == PACKAGE_SYMLINK ? 0777 : entry->mode;
	to->uid = entry->uid;
	to->gid = entry->gid;
	if (entry->type == PACKAGE_SYMLINK)
		return text_copy(entry->target, &to->target, error);
	if (entry->type == PACKAGE_FILE) {
		to->size = entry->size;
		to->digest = entry->digest;
	}
	return 0;
}

static int take_files(Release *release, Error *error)
{
	Manifest *manifest = release->manifest;

	manifest->files = calloc(release->changes.n_items, sizeof(*manifest->files));
	if (!manifest->files)
		return error_memory(error);
	for (size_t i = 0; i < release->changes.n_items; i++)
		if (take_file(&release->changes.items[i], &manifest->files[manifest->n_files++], error) < 0)
			return -1;
	return 0;
}

static int read_sets(Release *release, Error *error)
{
	const PublisherSettings *settings = release->settings;

	if (package_set_read(settings->base.words, settings->base.count, &release->base, error) < 0)
		return error_in(error, "base");
	if (package_set_read(settings->fixed.words, settings->fixed.count, &release->fixed, error) < 0)
		return error_in(error, "fixed");
	for (size_t i = 0; i < release->fixed->n_packages; i++)
		release->package_size += release->fixed->packages[i].file_size;
	return changes_find(release->base, release->fixed, settings->with_docs, &release->changes, error);
}

int release_read(Release *release, Error *error)
{
	const PublisherSettings *settings = release->settings;
	Manifest *manifest;

	if (read_sets(release, error) < 0 || manifest_new(&release->manifest, error) < 0)
		return -1;
	manifest = release->manifest;
	if (text_copy(settings->component, &manifest->component, error) < 0 || read_os(release, error) < 0 ||
		take_version(settings->base_version, release->base, manifest->component, "base-version",
			&manifest->base_version, error) < 0 ||
		take_version(settings->fixed_version, release->fixed, manifest->component, "fixed-version",
			&manifest->fixed_version, error) < 0)
		return -1;
	if (take_times(release, error) < 0 || take_advisories(release, error) < 0 ||
		take_base_files(release, error) < 0 || take_files(release, error) < 0)
		return -1;
	manifest_sort(manifest);
	return 0;
}
