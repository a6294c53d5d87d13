/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is closed on this device, for vulnerability scanners: an OpenVEX 0.2.0 document
 * (https://github.com/openvex/spec). A scanner knows the version that the base has; the document says of that
 * version, on this device, what an improvement has made of its flaws.
 */

#include "engine/closure.h"

enum { VEX_NOTHING = 1 };

typedef struct VexIssue {
	const char *author; /* a person or an organization */
	int64_t now;
	bool has_dpkg; /* the base's packages are Debian's kind: purls of the type "deb", else "generic" */
} VexIssue;

/*
 * One statement for each advisory of each installed improvement: fixed once nobody is exposed, affected while
 * somebody is or /usr does not show it, under_investigation while nobody knows. The document's @id is made of
 * its content, so that another content is another document, each of version 1; nothing in it tells one device
 * from another. VEX_NOTHING when there is no advisory to state anything of: the format has no empty document.
 */
int vex_write(const Closure *closure, const VexIssue *issue, json_t **ret, Error *error);

/* The package URL of an improvement's base (https://github.com/package-url/purl-spec), percent-encoded. The
 * caller frees it. */
int vex_purl(const Manifest *manifest, bool has_dpkg, char **ret, Error *error);
