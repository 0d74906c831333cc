"""The demonstration's own directory of companies: same questions, same JSON, fictional companies.

It speaks as recherche-entreprises.api.gouv.fr does (`/search?q=…`), so that the real client code
runs unchanged. Nothing else of that service is imitated.
"""

import json
import re
import threading
import tomllib
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from portal import french

HERE = Path(__file__).parent


@cache
def companies() -> list[dict[str, Any]]:
    """Every company, as the directory's JSON describes it."""
    described = tomllib.loads((HERE / "directory.toml").read_text(encoding="utf-8"))
    return [_company(row) for row in described["companies"]]


def _company(row: dict[str, Any]) -> dict[str, Any]:
    places = [_place(place, row, is_head=index == 0) for index, place in enumerate(row["places"])]
    return {
        "siren": row["siren"],
        "nom_complet": row["name"],
        "nom_raison_sociale": row["name"],
        "sigle": None,
        "activite_principale": row["naf"],
        "nature_juridique": row.get("legal", "5710"),
        "tranche_effectif_salarie": row["staff"],
        "etat_administratif": "A",
        "siege": places[0],
        "matching_etablissements": places,
        "complements": {
            "convention_collective_renseignee": bool(row["idcc"]),
            "liste_idcc": row["idcc"],
            "est_entrepreneur_individuel": row.get("sole_trader", False),
        },
    }


def _place(place: dict[str, Any], row: dict[str, Any], *, is_head: bool) -> dict[str, Any]:
    return {
        "siret": place["siret"],
        "adresse": f"{place['street']} {place['postcode']} {place['city']}",
        "code_postal": place["postcode"],
        "libelle_commune": place["city"],
        "activite_principale": row["naf"],
        "etat_administratif": "F" if place.get("closed") else "A",
        "est_siege": is_head,
        "liste_idcc": place.get("idcc"),
        "tranche_effectif_salarie": row["staff"],
    }


def found(query: str) -> Iterator[dict[str, Any]]:
    """The companies of a SIREN, a SIRET or a name, as the real directory chooses them."""
    wanted = french.fold(query)
    for company in companies():
        places = company["matching_etablissements"]
        if re.fullmatch(r"[0-9]{14}", query):
            places = [place for place in places if place["siret"] == query]
            is_wanted = bool(places)
        elif re.fullmatch(r"[0-9]{9}", query):
            is_wanted = company["siren"] == query
        else:
            names = french.fold(company["nom_complet"])
            is_wanted = bool(wanted) and all(word in names for word in wanted.split())
        if is_wanted:
            yield company | {"matching_etablissements": places}


def answer(query: str, per_page: int = 10) -> dict[str, Any]:
    """The whole JSON of an answer."""
    results = list(found(query))
    return {
        "results": results[:per_page],
        "total_results": len(results),
        "page": 1,
        "per_page": per_page,
        "total_pages": -(-len(results) // per_page),
    }


class Handler(BaseHTTPRequestHandler):
    """Answers /search; everything else is 404."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        if address.path != "/search":
            self.send_json(404, {"erreur": "introuvable"})
            return
        query = asked.get("q", [""])[0]
        if not query.strip():
            self.send_json(400, {"erreur": "Veuillez indiquer au moins un paramètre de recherche."})
            return
        given = asked.get("per_page", ["10"])[0]
        self.send_json(200, answer(query, int(given) if given.isdecimal() else 10))

    def send_json(self, status: int, body: Any, **headers: str) -> None:
        content = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the portal's own log is enough."""


def start(port: int = 0) -> ThreadingHTTPServer:
    """Serves on 127.0.0.1, on any free port by default, until its process ends."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="directory", daemon=True).start()
    return server


def url_of(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"
