/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/vex.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/version.h"
#include "engine/context.h"
#include "engine/engine.h"
#include "parts/manifest/letter.h"

static const char context[] = "https://openvex.dev/ns/v0.2.0";

enum { URN_SIZE = 64 };

static bool stays_in_purl(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(".-_~:", c));
}

/* deb's namespaces and names are lower case. */
static int append_encoded(Buffer *purl, const char *text, bool lower, Error *error)
{
	for (; *text; text++) {
		char c = lower ? (char)tolower((unsigned char)*text) : *text;
		int r = stays_in_purl(c)
				? buffer_append(purl, &c, 1, error)
				: buffer_append_format(purl, error, "%%%02X", (unsigned)(unsigned char)c);

		if (r < 0)
			return -1;
	}
	return 0;
}

/* Debian's name of an architecture; NULL where it is not known. */
static const char *debian_architecture(const char *machine)
{
	return strcmp(machine, "x86_64") == 0 ? "amd64" : strcmp(machine, "aarch64") == 0 ? "arm64" : NULL;
}

static int append_qualifiers(Buffer *purl, const ManifestOs *os, bool has_dpkg, Error *error)
{
	const char *architecture = has_dpkg ? debian_architecture(os->architecture) : os->architecture;

	if (architecture && (buffer_append_format(purl, error, "?arch=") < 0 ||
				    append_encoded(purl, architecture, false, error) < 0))
		return -1;
	if (buffer_append_format(purl, error, architecture ? "&distro=" : "?distro=") < 0 ||
		append_encoded(purl, os->id, false, error) < 0 || buffer_append(purl, "-", 1, error) < 0)
		return -1;
	return append_encoded(purl, os->version_id, false, error);
}

int vex_purl(const Manifest *manifest, bool has_dpkg, char **ret, Error *error)
{
	CLEANUP_BUFFER Buffer purl = BUFFER_INIT;

	if (buffer_append_format(&purl, error, has_dpkg ? "pkg:deb/" : "pkg:generic/") < 0 ||
		append_encoded(&purl, manifest->os.id, true, error) < 0 ||
		buffer_append(&purl, "/", 1, error) < 0 ||
		append_encoded(&purl, manifest->component, has_dpkg, error) < 0 ||
		buffer_append(&purl, "@", 1, error) < 0 ||
		append_encoded(&purl, manifest->base_version, false, error) < 0 ||
		append_qualifiers(&purl, &manifest->os, has_dpkg, error) < 0)
		return -1;
	return text_copy((char *)purl.data, ret, error);
}

/* What each verdict is in the words of VEX, and what is to be done where something is. */
typedef struct Wording {
	const char *status, *action;
} Wording;

static const Wording wordings[] = {
	[CLOSURE_INACTIVE] = {"affected",
		"The fix is installed and not active: \"suture install\" activates it."},
	[CLOSURE_EXPOSED] = {"affected",
		"The fix is active, and programs still use the former code: \"suture restart\" restarts the "
		"services among them, \"suture exposed\" names the rest."},
	[CLOSURE_UNKNOWN] = {"under_investigation", NULL},
	[CLOSURE_PROTECTED] = {"fixed", NULL},
};

static int put_vulnerability(const ManifestAdvisory *advisory, json_t *statement, Error *error)
{
	json_t *object = json_object();

	if (json_put(statement, "vulnerability", object, error) < 0 ||
		json_put_text(object, "name", advisory->id, error) < 0)
		return -1;
	return advisory->summary[0] ? json_put_text(object, "description", advisory->summary, error) : 0;
}

static int put_product(const char *purl, json_t *statement, Error *error)
{
	json_t *array = json_array();
	json_t *product = NULL, *identifiers = NULL;

	if (json_put(statement, "products", array, error) < 0)
		return -1;
	product = json_object();
	if (json_add(array, product, error) < 0 || json_put_text(product, "@id", purl, error) < 0)
		return -1;
	identifiers = json_object();
	if (json_put(product, "identifiers", identifiers, error) < 0)
		return -1;
	return json_put_text(identifiers, "purl", purl, error);
}

static int put_notes(const Manifest *manifest, json_t *statement, Error *error)
{
	CLEANUP_FREE char *notes = NULL;
	char letter[LETTER_SIZE];

	if (text_format(&notes, error, "By the improvement %s (%s), which brings %s.", manifest->component,
		    letter_from_sequence(manifest->sequence, letter), manifest->fixed_version) < 0)
		return -1;
	return json_put_text(statement, "status_notes", notes, error);
}

/* An improvement under way from state to statements. */
typedef struct Subject {
	const Manifest *manifest;
	const char *purl;
	ClosureVerdict verdict;
	int64_t since; /* that this is so; 0: not known to be older than the document */
} Subject;

static int add_statement(
	json_t *statements, const Subject *subject, const ManifestAdvisory *advisory, Error *error)
{
	const Wording *wording = &wordings[subject->verdict];
	json_t *statement = json_object();

	if (json_add(statements, statement, error) < 0 || put_vulnerability(advisory, statement, error) < 0 ||
		put_product(subject->purl, statement, error) < 0 ||
		json_put_text(statement, "status", wording->status, error) < 0 ||
		put_notes(subject->manifest, statement, error) < 0 ||
		(wording->action &&
			json_put_text(statement, "action_statement", wording->action, error) < 0) ||
		(subject->since > 0 && json_put_time(statement, "timestamp", subject->since, error) < 0))
		return -1;
	return 0;
}

/* Without an entry nobody has ever looked. */
static ClosureVerdict judge(const Closure *closure, const LedgerEntry *entry, const Digest *manifest)
{
	if (entry)
		return closure_judge(closure, entry);
	return closure_shows(closure, manifest) ? CLOSURE_UNKNOWN : CLOSURE_INACTIVE;
}

static int add_improvement(const Closure *closure, const Improvement *improvement, bool has_dpkg,
	json_t *statements, Error *error)
{
	const Manifest *manifest = improvement->manifest;
	const LedgerEntry *entry = ledger_find(&closure->ledger, &improvement->manifest_digest);
	CLEANUP_FREE char *purl = NULL;
	Subject subject = {
		.manifest = manifest, .verdict = judge(closure, entry, &improvement->manifest_digest)};

	if (vex_purl(manifest, has_dpkg, &purl, error) < 0)
		return -1;
	subject.purl = purl;
	subject.since = subject.verdict == CLOSURE_PROTECTED ? entry->protected_since : 0;
	for (size_t i = 0; i < manifest->n_advisories; i++)
		if (add_statement(statements, &subject, &manifest->advisories[i], error) < 0)
			return -1;
	return 0;
}

/* A UUID of version 8 (RFC 9562): of our own making, here from the content's SHA-256. */
static int put_id(json_t *document, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	char hex[DIGEST_HEX_SIZE], id[URN_SIZE];
	Digest digest;

	if (json_write(document, &text, error) < 0 || hash_bytes(buffer_bytes(&text), &digest, error) < 0)
		return -1;
	digest.bytes[6] = (uint8_t)(0x80 | (digest.bytes[6] & 0x0f));
	digest.bytes[8] = (uint8_t)(0x80 | (digest.bytes[8] & 0x3f));
	(void)digest_to_hex(&digest, hex);
	(void)snprintf(id, sizeof(id), "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
		hex + 20);
	return json_put_text(document, "@id", id, error);
}

int vex_write(const Closure *closure, const VexIssue *issue, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	json_t *statements = json_array();

	if (!document || json_put(document, "statements", statements, error) < 0)
		return error_memory(error);
	for (size_t i = 0; i < closure->state.active.n; i++)
		if (add_improvement(
			    closure, &closure->state.active.items[i], issue->has_dpkg, statements, error) < 0)
			return -1;
	if (json_array_size(statements) == 0)
		return VEX_NOTHING;
	if (json_put_text(document, "@context", context, error) < 0 ||
		json_put_text(document, "author", issue->author, error) < 0 ||
		json_put_time(document, "timestamp", issue->now, error) < 0 ||
		json_put_integer(document, "version", 1, error) < 0 ||
		json_put_text(document, "tooling", "suture " SUTURE_VERSION, error) < 0 ||
		put_id(document, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

int engine_vex(Engine *engine, const char *author, json_t **ret, Error *error)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;
	VexIssue issue = {.author = author ? author : "The administrator of this system",
		.now = clock_now(),
		.has_dpkg = faccessat(engine->root_fd, "var/lib/dpkg/status", F_OK, 0) == 0};
	int r;

	if (closure_look(engine, &closure, error) < 0)
		return -1;
	r = vex_write(&closure, &issue, ret, error);
	return r == VEX_NOTHING ? ENGINE_NOTHING : r;
}
