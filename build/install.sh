#!/bin/sh
# The root package's `install` script. npm runs it at the end of `npm install`, and for `npm run install`.
# It is sh because a clean clone has no Node but the host's, which may be too old to read TypeScript.
set -eu
cd "$(dirname "$0")/.."

say() {
  printf '%s\n' "$@" >&2
}

use_container() {
  say '' "warning: $1" '' \
    'open the repository in its dev container (.devcontainer/), which has everything that builds need' \
    '(VS Code: "Reopen in Container"; a terminal: npx @devcontainers/cli up --workspace-folder .)' ''
}

# `npm run install` means `npm install`, which comes back here with npm_command=install.
case ${npm_command-} in
'' | run | run-script)
  if [ -z "${NODEOS_INSTALLING-}" ]; then
    export NODEOS_INSTALLING=1
    if [ -n "${npm_execpath-}" ]; then
      exec "${npm_node_execpath:-node}" "$npm_execpath" install
    fi
    exec npm install
  fi
  ;;
esac

system=$(uname -s)
if [ "$system" != Linux ]; then
  [ "$system" = Darwin ] && system=macOS
  use_container "builds need Linux, and this host runs $system"
  exit 0
fi

node=node_modules/.bin/node
if [ ! -e "$node" ]; then
  machine=$(uname -m)
  case $machine in
  x86_64 | aarch64) ;;
  *)
    use_container "builds need x86-64, and this host is $machine"
    exit 0
    ;;
  esac
  say '' 'error: npm did not install the Node that NodeOS builds with and boots' '' \
    '  it is the optional dependency node-linux-*: install without --omit=optional (or --no-optional);' \
    '  if you did not omit it, its download failed: npm install --verbose   shows why' ''
  exit 1
fi

status=0
if "$node" --version >/dev/null 2>&1; then
  "$node" build/setup.ts || status=$?
  exit "$status"
fi
case $(ldd --version 2>&1) in
*musl*)
  use_container 'builds need glibc, and this Linux has musl'
  exit 0
  ;;
esac
say '' "error: the Node that NodeOS builds with does not run on this host: $node" '' "$("$node" --version 2>&1 || true)" ''
exit 1
