#!/usr/bin/env bash
# Debian packages that some tests need. As root they are installed; otherwise those tests skip by name.
set -euo pipefail
packages=()
command -v redis-server >/dev/null || packages+=(redis-server)
command -v promtool >/dev/null || packages+=(prometheus)
command -v amtool >/dev/null || packages+=(prometheus-alertmanager)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
if [ ${#packages[@]} -eq 0 ]; then exit 0; fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed: ${packages[*]} (tests that need them skip by name)" >&2
  exit 0
fi
echo "Installing Debian packages for tests: ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
# A server that a package starts would outlive the tests: the tests start their own.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d.compass
chmod 755 /usr/sbin/policy-rc.d.compass
if [ ! -e /usr/sbin/policy-rc.d ]; then
  mv /usr/sbin/policy-rc.d.compass /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
else
  rm -f /usr/sbin/policy-rc.d.compass
fi
apt-get -qq update >/dev/null
apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
