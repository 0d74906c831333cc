#!/usr/bin/env bash
# What the browser tests need of the system: Chromium in French, and poppler to read PDF files.
# Installs it where that can be done without a question; says what to install elsewhere.
# PORTAL_TEST_BROWSER=off leaves the browser tests out, on purpose and visibly.
set -euo pipefail

if [ "${PORTAL_TEST_BROWSER:-}" = off ]; then
    echo "PORTAL_TEST_BROWSER=off : les tests dans un navigateur sont laissés de côté."
    exit 0
fi

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing+=(chromium)
# Native date and file controls are in French only with the language files.
if [ -d /usr/lib/chromium ] && [ ! -e /usr/lib/chromium/locales/fr.pak ]; then
    missing+=(chromium-l10n)
elif [[ " ${missing[*]-} " == *" chromium "* ]]; then
    missing+=(chromium-l10n)
fi
command -v pdftotext >/dev/null && command -v pdftoppm >/dev/null || missing+=(poppler-utils)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installation de ${missing[*]} pour les tests dans un navigateur…"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    if { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -n 15 "$log" >&2
    rm -f "$log"
fi

cat >&2 <<TXT
Il manque, pour les tests dans un navigateur : ${missing[*]}.
Sur Debian ou Ubuntu : sudo apt-get install ${missing[*]}
Pour s’en passer : PORTAL_TEST_BROWSER=off make test
TXT
exit 1
