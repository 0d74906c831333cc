#!/usr/bin/env bash
# nginx and Caddy, for the tests of deploy/. Where the system lacks one, Debian's package is unpacked
# into .venv/proxies: nothing is installed, no service starts, root is not needed. Where that cannot
# be done either, says so: its tests are then left out, as with PORTAL_TEST_PROXIES=off.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

own=.venv/proxies
is_there() { PATH="$PATH:/usr/sbin:$PWD/$own/usr/sbin:$PWD/$own/usr/bin" "$1" "$2" >/dev/null 2>&1; }
fetch() { apt-get download "$1" || { [ "$(id -u)" -eq 0 ] && apt-get update && apt-get download "$1"; }; }
unpack() {
    mkdir -p "$own" && cd "$own"
    rm -f "$1"_*.deb && fetch "$1" && dpkg-deb --extract "$1"_*.deb . && rm -f "$1"_*.deb
}

[ "${PORTAL_TEST_PROXIES:-}" = off ] && exit 0
for asked in "nginx -v" "caddy version"; do
    name=${asked% *}
    is_there $asked && continue
    if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
        echo "Téléchargement de $name pour les tests…"
        log=$(mktemp)
        (unpack "$name") >"$log" 2>&1 || tail -n 5 "$log" >&2
        rm -f "$log"
    fi
    if ! is_there $asked; then
        echo "$name n’a pas été trouvé ici : ses tests sont laissés de côté."
        echo "Sur Debian ou Ubuntu : sudo apt-get install $name"
    fi
done
