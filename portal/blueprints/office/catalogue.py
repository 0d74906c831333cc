"""What the office does to the catalogue: create, correct section by section, copy, archive."""

from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from portal import catalogue, web
from portal.blueprints.programmes import page_of
from portal.programmes import rules
from portal.programmes import service as programmes
from portal.programmes.forms import SECTION_FORMS, ContentForm, NewProgrammeForm, SectionForm
from portal.programmes.service import StaleSection
from portal.training import answers
from portal.training.models import Programme

blueprint = Blueprint("programme", __name__)


@blueprint.route("/nouveau", methods=["GET", "POST"])
def create() -> Response:
    """A title, a duration and a price open a programme; pressing twice opens the same one."""
    form = NewProgrammeForm()
    if form.validate_on_submit():
        code = form.code.data or None
        values = form.values()
        same = next(
            (p for p in programmes.listed() if p.title == values["title"] and not p.content), None
        )
        if same is not None:
            return web.see_other(url_for("office.programmes.show", code=same.code))
        if code is None or not programmes.is_taken(code):
            made = catalogue.create(values, code, web.actor())
            flash("Programme créé. Complétez-le\u00a0: il sera alors proposé aux sessions.", "ok")
            return web.see_other(url_for("office.programmes.show", code=made))
        form.code.errors = ["Cette référence est déjà prise\u00a0: choisissez-en une autre"]
    status = 422 if request.method == "POST" else 200
    summary = web.error_summary(form)
    return web.page("programmes/create.html", status=status, form=form, summary=summary)


@blueprint.get("/<code>/rubriques/<section>")
def edit(code: str, section: str) -> Response:
    """The section with what stands, ready to be corrected."""
    programme, values = _opened(code, section)
    held = web.held_values()
    seen = held.get("seen", "") if held else _seen(programme, section)
    form = SECTION_FORMS[section].of(values)
    return _form_page(programme, section, form, seen, focus=request.args.get("champ", "")[:40])


@blueprint.post("/<code>/rubriques/<section>")
def save(code: str, section: str) -> Response:
    """Saves the section, or adds and removes a module of the content."""
    programme, _values = _opened(code, section)
    seen = request.form.get("seen", "")[:64]
    action = request.form.get("action", "")
    if action:
        return _change_modules(programme, section, seen, action)
    form = SECTION_FORMS[section]()
    if not form.validate_on_submit():
        return _form_page(programme, section, form, seen, status=422)
    try:
        revised = catalogue.save_section(code, section, form.values(), seen, web.actor())
    except StaleSection as stale:
        current = stale.current
        differing = rules.changes(current.values, form.values(), rules.SECTION[section].fields)
        seen = _seen(current, section)
        return _form_page(current, section, form, seen, status=409, differing=differing)
    except catalogue.Incomplete as refused:
        return _form_page(programme, section, form, seen, status=422, refused=refused.sentences)
    return _saved(revised, programme, section)


def _saved(revised: Programme, before: Programme, section: str) -> Response:
    said = "Rubrique enregistrée."
    if revised.version != before.version:
        said = f"Rubrique enregistrée dans la version {revised.version}."
    if web.wants_fragment():
        context = page_of(revised) | {"said": said, "saved": section}
        answer = web.page(
            "programmes/show.html", block=("check", "sections", "state", "said"), **context
        )
        answer.headers["HX-Retarget"] = "#rubriques"
        return answer
    flash(said, "ok")
    return web.see_other(url_for("office.programmes.show", code=revised.code))


def _opened(code: str, section: str) -> tuple[Programme, dict[str, Any]]:
    programme = programmes.current(code)
    if programme is None or section not in SECTION_FORMS:
        abort(404)
    return programme, programme.values


def _seen(programme: Programme, section: str) -> str:
    return rules.digest(programme.values, rules.SECTION[section].fields)


_EMPTY = {"title": "", "minutes": "", "points": ""}


def _change_modules(programme: Programme, section: str, seen: str, action: str) -> Response:
    """One module more or less: everything else stays as typed."""
    verb, _, index = action.rpartition("-")
    if section != ContentForm.slug or (action != "ajouter-module" and verb != "retirer-module"):
        abort(400)
    raw = answers.keep(ContentForm, request.form.items(multi=True))
    modules = answers.rows(raw, "content")
    if action == "ajouter-module":
        modules = [*modules, dict(_EMPTY)][: rules.MAX_MODULES]
        place = len(modules) - 1
    else:
        modules = [m for number, m in enumerate(modules) if str(number) != index] or [dict(_EMPTY)]
        place = answers.after_removal(index, len(modules))
    focus = f"content-{place}-title"
    form = ContentForm(formdata=answers.as_formdata(answers.with_rows({}, "content", modules)))
    return _form_page(programme, section, form, seen, focus=focus)


def _form_page(
    programme: Programme, section: str, form: SectionForm, seen: str, **context: Any
) -> Response:
    status = context.pop("status", 200)
    return web.page(
        "programmes/section.html",
        block="form",
        status=status,
        programme=programme,
        section=rules.SECTION[section],
        form=form,
        seen=seen,
        is_relied_on=programmes.is_relied_on(programme),
        is_in_place=web.wants_fragment(),
        summary=web.error_summary(form) if status == 422 else [],
        **{"differing": (), "refused": (), "focus": ""} | context,
    )


@blueprint.post("/<code>/copier")
def copy(code: str) -> Response:
    made = _done(catalogue.copy, code)
    flash("Programme copié. Donnez-lui son intitulé.", "ok")
    return web.see_other(url_for(".edit", code=made, section="presentation", champ="title"))


@blueprint.post("/<code>/archiver")
def archive(code: str) -> Response:
    was_public = _done(catalogue.archive, code)
    closed = " Sa page publique est fermée." if was_public else ""
    flash(f"Programme archivé. Les sessions qui l’ont choisi le gardent.{closed}", "ok")
    return web.see_other(url_for("office.programmes.show", code=code))


@blueprint.post("/<code>/remettre")
def restore(code: str) -> Response:
    _done(catalogue.restore, code)
    flash("Programme remis au catalogue.", "ok")
    return web.see_other(url_for("office.programmes.show", code=code))


@blueprint.post("/<code>/publier")
def publish(code: str) -> Response:
    """Opens the public page, or prints its sheet again."""
    try:
        _done(catalogue.publish, code)
        flash("Page publique ouverte. Son PDF est prêt dans un instant.", "ok")
    except catalogue.Incomplete as refused:
        for sentence in refused.sentences:
            flash(f"{sentence}.", "warn")
    return web.see_other(url_for("office.programmes.show", code=code))


@blueprint.post("/<code>/retirer")
def withdraw(code: str) -> Response:
    _done(catalogue.withdraw, code)
    flash("Page publique fermée.", "ok")
    return web.see_other(url_for("office.programmes.show", code=code))


def _done(act: Any, code: str) -> Any:
    try:
        return act(code, web.actor())
    except catalogue.Gone:
        abort(404)
