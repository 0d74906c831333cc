#!/usr/bin/env bash
# nginx, for the tests of deploy/nginx.conf. Where the system has none, Debian's package is unpacked
# into .venv/nginx: nothing is installed, no service starts, root is not needed. Where that cannot be
# done either, says so: these tests are then left out, as with PORTAL_TEST_NGINX=off.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

own=.venv/nginx
is_there() { PATH="$PATH:/usr/sbin:$PWD/$own/usr/sbin" nginx -v >/dev/null 2>&1; }
unpack() {
    rm -rf "$own" && mkdir -p "$own" && cd "$own"
    apt-get download nginx || { [ "$(id -u)" -eq 0 ] && apt-get update && apt-get download nginx; }
    dpkg-deb --extract nginx_*.deb .
}

[ "${PORTAL_TEST_NGINX:-}" = off ] && exit 0
is_there && exit 0
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    echo "Téléchargement de nginx pour les tests…"
    log=$(mktemp)
    (unpack) >"$log" 2>&1 || tail -n 5 "$log" >&2
    rm -f "$log"
fi
if ! is_there; then
    rm -rf "$own"
    echo "nginx n’a pas été trouvé ici : les tests du serveur mandataire sont laissés de côté."
    echo "Sur Debian ou Ubuntu : sudo apt-get install nginx"
fi
