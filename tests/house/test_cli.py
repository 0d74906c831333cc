"""The commands of whoever installs the portal: they do it, or say in French what is missing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Context
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from portal import clock, declared
from portal.access.rules import CLOCK
from portal.accounts.models import Organisation, User
from portal.accounts.service import authenticate
from portal.app import create_app
from portal.cli import COMMANDS
from portal.demonstration import loader
from portal.extensions import db, store, writing
from portal.journal import service as journal
from portal.training.models import Programme
from tests.conftest import config_in
from tests.installation import close, migrated

PROGRAMME = loader.HERE / "programmes" / "lecture-de-plans.toml"
PASSWORD = "girafe-tunnel-mandoline"
WHO = ("--email", "Ines@organisme.example", "--first-name", "Inès", "--last-name", "Rocher")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = migrated(tmp_path / "data", demo=False)
    with app.app_context():
        yield app
        close()


@pytest.fixture
def described(tmp_path: Path) -> Path:
    """A copy of the organisation's description, to be changed."""
    copy = tmp_path / "described"
    shutil.copytree(loader.HERE, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy / "organisation.toml"


def run(app: Flask, *arguments: str, given: str | None = None) -> Result:
    done = app.test_cli_runner().invoke(args=list(arguments), input=given)
    db.session.rollback()
    assert "Traceback" not in done.output
    return done


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_each_command_is_read_when_it_is_asked_for(app: Flask) -> None:
    with Context(app.cli) as context:
        assert set(COMMANDS) <= set(app.cli.list_commands(context))
        for name in COMMANDS:
            command = app.cli.get_command(context, name)
            assert command is not None
            assert command.name == name
            assert command.help


def test_the_tables_are_made_by_their_own_command(tmp_path: Path) -> None:
    app = create_app(config_in(tmp_path))
    with app.app_context():
        assert run(app, "db", "upgrade").exit_code == 0
        assert "intacts" in run(app, "verify").output
        assert run(app, "db", "current").exit_code == 0
        close()


# --- The organisation


def test_an_organisation_is_described_once(app: Flask, described: Path) -> None:
    done = run(app, "create-organisation", str(described))
    assert done.exit_code == 0, done.output
    row = db.session.get_one(Organisation, 1)
    assert (row.siret, row.nda, row.phone) == ("90144782100017", "27210432177", "0353014210")
    assert row.capital_cents == 2_000_000
    assert row.iban == "FR7630006000011234567890189"
    assert store().has(str(row.logo_sha256))
    assert row.terms.startswith("1. Objet")
    assert "\n\n" in row.internal_rules
    again = run(app, "create-organisation", str(described))
    assert again.exit_code == 1
    assert "déjà décrit" in again.output


def put(described: Path, given: str) -> int:
    """Writes that line at the end, in place of the one it replaces; its number."""
    name, text = given.split()[0], described.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(name)]
    described.write_text("\n".join([*kept, given]), encoding="utf-8")
    return len(kept) + 1


def test_everything_to_correct_is_said_at_once(app: Flask, described: Path) -> None:
    rewrite(described, 'nda = "27 21 04321 77"', 'nda_number = "27"')
    rewrite(described, 'city = "Dijon"', "city = 21")
    done = run(app, "create-organisation", str(described))
    assert done.exit_code == 1
    for sentence in (
        "il manque nda",
        "la clé nda_number est inconnue",
        "city attend un texte entre guillemets (ligne\u00a09)",
    ):
        assert sentence in done.output
    assert db.session.get(Organisation, 1) is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("901 447 821 00017", "901 447 821 0001", "il en manque 1"),
        ("7890 189", "7890 188", "IBAN comporte une erreur"),
        (
            '"exempt"',
            '"exonere"',
            "vat_regime\u00a0: écrivez l’un de exempt, standard, franchise (ligne\u00a013)",
        ),
        ('"exempt"', '"standard"', "vat_number\u00a0: indispensable"),
        ("#0B5F62", "teal", "Écrivez la couleur comme #0B5F62"),
        ("#0B5F62", "#FFD400", "accent\u00a0: Cette couleur est trop claire"),
        ("20 000,00", "20.000", "se lit de deux façons"),
        ("contact@rivage", "contact.rivage", "ce n’est pas une adresse e-mail"),
        ("contact@rivage", "a@b.example contact@rivage", "ce n’est pas une adresse e-mail"),
        ('"logo.png"', '"absent.png"', "absent.png est illisible"),
    ],
)
def test_a_value_that_makes_no_sense(
    app: Flask, described: Path, old: str, new: str, sentence: str
) -> None:
    rewrite(described, old, new)
    done = run(app, "create-organisation", str(described))
    assert done.exit_code == 1
    assert sentence in done.output


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("payment_days = 90", "payment_days\u00a0: Indiquez un nombre entre 1 et 60"),
        ("notice_days = 0", "notice_days\u00a0: Indiquez un nombre entre 1 et 60"),
        ("forfeit_percent = 101", "forfeit_percent\u00a0: Indiquez un nombre entre 1 et 100"),
        ("late_notice_days = 10", "Indiquez moins de jours que pour l’annulation sans frais"),
        ("notice_days = 3", "l’annulation sans frais, 3 étant la valeur usuelle"),
        ("late_forfeit_percent = 29", "Indiquez au moins le pourcentage du dédit"),
        ("quote_validity_days = 366", "Indiquez un nombre entre 1 et 365"),
        ('payment_days = "30"', "payment_days attend un nombre entier"),
    ],
)
def test_what_the_settings_refuse_is_refused_at_first(
    app: Flask, described: Path, given: str, sentence: str
) -> None:
    """The same bounds as on the page; the line is said when the file holds the key."""
    name, last = given.split()[0], put(described, given)
    done = run(app, "create-organisation", str(described))
    assert done.exit_code == 1
    said = next(line for line in done.output.splitlines() if sentence in line)
    if said.split()[1] == name:
        assert said.endswith(f"(ligne\u00a0{last})"), said
    assert db.session.get(Organisation, 1) is None


@pytest.mark.parametrize(
    "given", ["payment_days = 1", "payment_days = 60", "late_forfeit_percent = 30"]
)
def test_what_the_settings_just_allow_is_described(app: Flask, described: Path, given: str) -> None:
    put(described, given)
    assert run(app, "create-organisation", str(described)).exit_code == 0


def test_a_text_too_long_for_the_settings(app: Flask, described: Path) -> None:
    (described.parent / "conditions-generales.txt").write_text("x" * 40_001, encoding="utf-8")
    done = run(app, "create-organisation", str(described))
    assert "terms\u00a0: 40000 caractères au plus, il y en a 40001 (ligne\u00a0" in done.output
    (described.parent / "conditions-generales.txt").write_text("x" * 40_000, encoding="utf-8")
    assert run(app, "create-organisation", str(described)).exit_code == 0


def test_a_file_that_is_not_toml(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("nom : Rivage")
    done = run(app, "create-organisation", str(tmp_path / "wrong.toml"))
    assert done.exit_code == 1
    assert "ce n’est pas du TOML" in done.output


# --- The catalogue


def test_a_programme_enters_the_catalogue(app: Flask) -> None:
    done = run(app, "create-programme", str(PROGRAMME))
    assert done.exit_code == 0, done.output
    row = db.session.scalars(select(Programme)).one()
    assert (row.code, row.minutes, row.price_cents, row.version) == ("LPM-14", 840, 240_000, 3)


def test_a_later_version_replaces_and_an_older_one_does_not(app: Flask, tmp_path: Path) -> None:
    run(app, "create-programme", str(PROGRAMME))
    copy = tmp_path / "programme.toml"
    shutil.copy(PROGRAMME, copy)
    done = run(app, "create-programme", str(copy))
    assert done.exit_code == 1
    assert "contient déjà la version 3" in done.output
    rewrite(copy, "version = 3", "version = 4")
    rewrite(copy, "2 400,00", "2 600,00")
    assert run(app, "create-programme", str(copy)).exit_code == 0
    old, new = db.session.scalars(select(Programme).order_by(Programme.version))
    assert (old.version, old.price_cents, new.version, new.price_cents) == (3, 240_000, 4, 260_000)
    assert (old.replaced_at is None, new.replaced_at is None) == (False, True)
    assert old.slug == new.slug


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("hours = 14", "hours = 13.5", "les modules font 840 minutes, le programme 810"),
        ("hours = 14", "", "il manque hours"),
        ("hours = 14", 'hours = "quatorze"', "hours attend un nombre d’heures"),
        ('price = "2 400,00"', "", "il manque price"),
        ('price = "2 400,00"', 'price = "cher"', "en chiffres"),
        ('"flat"', '"forfait"', "price_basis est l’un de flat, day"),
        ("dated = 2026-09-14", 'dated = "14/09/2026"', "dated attend une date"),
        ("minutes = 210\npoints", "duree = 210\npoints", "la clé duree du module 1 est inconnue"),
        ('title = "Le dossier de plans"', 'title = ""', "le module 1 n’a pas de title"),
    ],
)
def test_a_programme_that_lacks_something(
    app: Flask, tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    copy = tmp_path / "programme.toml"
    shutil.copy(PROGRAMME, copy)
    rewrite(copy, old, new)
    done = run(app, "create-programme", str(copy))
    assert done.exit_code == 1
    assert sentence in done.output
    assert db.session.scalars(select(Programme)).all() == []


# --- People


def test_an_account_can_sign_in(app: Flask) -> None:
    done = run(
        app,
        "create-user",
        *WHO,
        "--role",
        "office",
        "--phone",
        "+33 3 53 01 42 18",
        "--password-stdin",
        given=PASSWORD + "\n",
    )
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    user = authenticate("ines@organisme.example", PASSWORD)
    assert user is not None
    assert (user.role, user.phone, user.is_demonstration) == ("office", "0353014218", False)


def test_the_password_is_asked_twice_and_never_shown(app: Flask) -> None:
    done = run(app, "create-user", *WHO, "--role", "trainer", given=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("court", "12 à 128 caractères"),
        ("onze-caract", "12 à 128 caractères"),
        ("", "12 à 128 caractères"),
        ("Formation2026", "se devine"),
        ("InesRocher2026", "se devine"),
    ],
)
def test_a_weak_password_is_refused(app: Flask, password: str, sentence: str) -> None:
    arguments = (*WHO, "--role", "trainer", "--password-stdin")
    done = run(app, "create-user", *arguments, given=password + "\n")
    assert done.exit_code == 1
    assert sentence in done.output
    assert db.session.scalars(select(User)).all() == []


def test_an_address_has_one_account(app: Flask) -> None:
    arguments = ("create-user", *WHO, "--role", "trainer", "--password-stdin")
    run(app, *arguments, given=PASSWORD + "\n")
    done = run(app, *arguments, given=PASSWORD + "\n")
    assert done.exit_code == 1
    assert "existe déjà" in done.output


# --- verify


def test_verify_says_that_all_is_well(app: Flask) -> None:
    with writing():
        journal.record("verify", CLOCK, clock.now())
    done = run(app, "verify")
    assert done.exit_code == 0, done.output
    assert journal.head() in done.output


def test_verify_names_an_altered_or_missing_file(app: Flask, described: Path) -> None:
    run(app, "create-organisation", str(described))
    assert run(app, "verify").exit_code == 0
    logo = store().path(str(db.session.get_one(Organisation, 1).logo_sha256))
    logo.chmod(0o640)
    logo.write_bytes(b"another logo")
    done = run(app, "verify")
    assert done.exit_code == 1
    assert "Fichier altéré\u00a0: logo" in done.output
    logo.unlink()
    assert "Fichier manquant\u00a0: logo" in run(app, "verify").output


# --- Descriptions


def test_lines_of_a_paragraph_are_joined_and_paragraphs_kept() -> None:
    assert declared.paragraphs(" Un\n  deux.\n\nTrois\u00a0: quatre.\n \n\nCinq ") == (
        "Un deux.\n\nTrois\u00a0: quatre.\n\nCinq"
    )
