#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# report.sh LOG [DIR]: makes DIR/results.txt and DIR/results.svg (DIR: where this
# script is) from the output of gmem-bench, and shows the table. Exit status 1 if
# a target is missed or the log is not complete.
set -eu

if [ $# -lt 1 ] || [ ! -f "$1" ]; then
	echo "usage: report.sh LOG [DIR]" >&2
	exit 2
fi
log=$1
here=$(cd "$(dirname "$0")" && pwd)
dir=${2:-$here}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT

status=0
tr -d '\r' <"$log" | awk -v data="$data" -f "$here/report.awk" >"$data/results.txt" || status=$?
[ $status -le 1 ] || exit $status
cp "$data/results.txt" "$dir/results.txt"
cat "$data/results.txt"

if ! command -v gnuplot >/dev/null; then
	echo "gnuplot is not installed: no plot" >&2
elif [ -f "$data/alternate" ]; then
	gnuplot -e "data='$data'; out='$dir/results.svg'" "$here/plot.gp"
fi
exit $status
