"""The least a Flask application does: what pages are compared with."""

from flask import Flask

app = Flask("hello")
app.add_url_rule("/", view_func=lambda: "hello")
