"""A browser without JavaScript, in a hundred lines: forms, buttons, links and cookies over plain HTTP."""

import dataclasses
import html.parser
import http.cookies
import urllib.parse

import urllib3


@dataclasses.dataclass
class Form:
    """One form of a page, with the values that its fields have now."""

    method: str
    action: str
    fields: dict[str, str] = dataclasses.field(default_factory=dict)
    checks: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.words: list[str] = []
        self.heading = ""
        self._open: tuple[str, dict[str, str], list[str]] | None = None
        self._in_heading = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("method", "get"), given.get("action", "")))
        elif tag == "input" and self.forms:
            if given.get("type") in {"checkbox", "radio"}:
                self.forms[-1].checks.append((given["name"], given.get("value", "on")))
                if "checked" in given:
                    self.forms[-1].fields[given["name"]] = given.get("value", "on")
            else:
                self.forms[-1].fields[given.get("name", "")] = given.get("value", "")
        elif tag == "select" and self.forms:
            self._select = given["name"]
        elif tag == "option" and self.forms and ("selected" in given or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = given.get("value", "")
        elif tag in {"button", "a"}:
            self._open = (tag, given, [])
        elif tag == "h1":
            self._in_heading = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "h1":
            self._in_heading = False
        if self._open is None or self._open[0] != tag:
            return
        _, given, words = self._open
        text = " ".join(" ".join(words).split())
        if tag == "a":
            self.links[text] = given.get("href", "")
        elif self.forms:
            self.forms[-1].buttons[text] = (given.get("name", ""), given.get("value", ""))
        self._open = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._open is not None:
            self._open[2].append(data)
        if self._in_heading:
            self.heading += data


@dataclasses.dataclass
class Page:
    """What came back."""

    status: int
    address: str
    source: str
    headers: urllib3.HTTPHeaderDict

    def __post_init__(self) -> None:
        self._reader = _Reader()
        self._reader.feed(self.source)
        self.forms = self._reader.forms
        self.links = self._reader.links
        self.heading = self._reader.heading
        self.text = " ".join(" ".join(self._reader.words).split())

    @property
    def location(self) -> str:
        """Where a redirect to another site points."""
        return self.headers.get("Location", "")

    @property
    def sent(self) -> dict[str, str]:
        """The query that the redirect carries to the app."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.location).query))


class Surfer:
    """One browser: it keeps cookies and follows redirects within the site it is on."""

    def __init__(self, site: str, ca_file: str | None = None) -> None:
        self.site = site
        self.cookies: dict[str, str] = {}
        self.page: Page
        self._pool = urllib3.PoolManager(retries=False, ca_certs=ca_file)

    def get(self, address: str) -> Page:
        """Open a page."""
        return self._send("GET", urllib.parse.urljoin(self.site, address), None)

    def follow(self, text: str) -> Page:
        """Click the link of that text."""
        return self._send("GET", urllib.parse.urljoin(self.page.address, self.page.links[text]), None)

    def press(self, text: str, **fields: str) -> Page:
        """Fill fields by name and press the button whose text begins so."""
        form, pressed = self._button(text)
        values = {**form.fields, **fields}
        if pressed[0]:
            values[pressed[0]] = pressed[1]
        address = urllib.parse.urljoin(self.page.address, form.action)
        if form.method.lower() == "get":
            bare = urllib.parse.urlsplit(address)._replace(query="").geturl()
            return self._send("GET", f"{bare}?{urllib.parse.urlencode(values)}", None)
        return self._send("POST", address, values)

    def post(self, address: str, values: dict[str, str]) -> Page:
        """Post without any form, as a forger would."""
        return self._send("POST", urllib.parse.urljoin(self.site, address), values)

    def sign_in(self, upn: str, password: str) -> Page:
        """From the account page through the password page."""
        self.press("Next", loginfmt=upn)
        return self.press("Sign in", passwd=password)

    def _button(self, text: str) -> tuple[Form, tuple[str, str]]:
        for form in self.page.forms:
            for name, pressed in form.buttons.items():
                if name.startswith(text):
                    return form, pressed
        raise AssertionError(f"no button {text!r} on {self.page.address}: {self.page.text[:300]}")

    def _send(self, method: str, address: str, values: dict[str, str] | None) -> Page:
        for _ in range(5):
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
            body = urllib.parse.urlencode(values) if values is not None else None
            if body is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            answer = self._pool.request(method, address, body=body, headers=headers, redirect=False)
            for line in answer.headers.getlist("Set-Cookie"):
                for name, morsel in http.cookies.SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            self.page = Page(answer.status, address, answer.data.decode(), answer.headers)
            there = urllib.parse.urljoin(address, self.page.location)
            if not self.page.location or not there.startswith(self.site):
                return self.page
            method, address, values = "GET", there, None
        raise AssertionError("too many redirects")
