#!/usr/bin/env bash
# Starts one worker of the Java Kinesis Client Library in place of this process; `start.sh prepare` only fetches and compiles it.
#
#   start.sh KINESIS DYNAMODB FILE FAILOVER_MS TABLE STREAM WORKER single-stream|multi-stream
#
# KCL_VERSION  2.7.2 unless it says otherwise; from 3.5 on in CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X_PHASE1
# KCL_CACHE    where the jars go (default ~/.cache/spaceship-kcl)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${KCL_VERSION:-2.7.2}
cache=${KCL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/spaceship-kcl}
stamp=$(cat "$here"/{pom.xml,KclWorker.java,start.sh} | cksum | cut -d ' ' -f 1)
root=$cache/$version-$stamp
if [[ ! -d $root ]]; then
  command -v mvn javac >/dev/null || { echo "kcl: needs Maven and a JDK 17 or later on the PATH" >&2; exit 1; }
  echo "kcl: preparing KCL $version in $root" >&2
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/.prepare.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mvn -B -q -f "$here/pom.xml" -Dkcl.version="$version" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$work/lib" 2>&1 | sed 's/\x1b\[[0-9;]*m//g' >&2
  javac -nowarn -proc:none -Xlint:none -cp "$work/lib/*" -d "$work" "$here/KclWorker.java"
  mv -T "$work" "$root" 2>/dev/null || [[ -d $root ]] # a parallel start may have won
  trap - EXIT
  rm -rf "$work"
fi
[[ ${1:-} == prepare ]] && exit 0
exec java -Xmx192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel="${KCL_LOG:-off}" \
  -cp "$root:$root/lib/*" KclWorker "$@"
