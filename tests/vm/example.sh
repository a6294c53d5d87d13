# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Sourced by scenarios, with the release as $1: the example's packages in $work/packages, and an empty repository for that
# release in $work/repository. $here, $build and $version as well.
release=${1:?usage: ${0##*/} bookworm|trixie}
case $release in
bookworm) version=12 ;;
trixie) version=13 ;;
*) echo "${0##*/}: no release \"$release\"" >&2; exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
build=${SUTURE_BUILD:-$here/../../build-vm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

publish() {
	"$build/suture-publish" "$@" >/dev/null
}

# publish_release COMPONENT OPTION…
publish_release() {
	component=$1
	shift
	publish release --repository="$work/repository" --keys="$work/keys" --component="$component" \
		--os-release="$work/os-release" "$@"
}

# publish_fix N OPTION…: the example's Nth
publish_fix() {
	fix=$1
	shift
	publish_release liborigin --base "$work"/packages/liborigin1_1.0-1_*.deb \
		--fixed "$work"/packages/liborigin1_1.0-1+fix"$fix"_*.deb "$@"
}

mkdir "$work/packages"
"$here/../../examples/origin/build-packages" "$work/packages" >/dev/null
printf 'ID=debian\nVERSION_ID="%s"\n' "$version" >"$work/os-release"
publish init "$work/repository" --keys="$work/keys"
