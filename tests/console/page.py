"""A page as a person reads it: text, tables, links and forms."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx
from typing_extensions import override

_EMPTY = {"area", "br", "hr", "img", "input", "link", "meta"}


@dataclass(slots=True)
class Form:
    method: str
    action: str
    fields: dict[str, str | list[str]] = field(default_factory=dict)


class Page(HTMLParser):
    """Parses a page, and insists that its tags are closed in order."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(convert_charrefs=True)
        self.status = answer.status_code
        self.address = answer.request.url.raw_path.decode()
        self.html = answer.text
        self.links: dict[str, str] = {}
        self.marked: list[str] = []
        self.rows: list[list[str]] = []
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self.feed(answer.text)
        assert self._open == []
        self.text = _plain("".join(self._texts))
        self.rows = [[_plain(cell) for cell in row] for row in self.rows]

    @property
    def title(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        return _plain(re.sub(r"<[^>]+>", "", found[1])) if found else ""

    def form(self, action: str) -> Form:
        (form,) = (form for form in self.forms if form.action == action)
        return form

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag not in _EMPTY:
            self._open.append((tag, attributes))
        self._texts.append(" ")
        if tag == "span" and self.rows and self.rows[-1]:
            self.rows[-1][-1] += " "
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "mark":
            self.marked.append("")
        if tag == "form":
            self.forms.append(Form(attributes.get("method", "get"), attributes.get("action", "")))
        if tag in {"input", "textarea", "select"} and self.forms and "name" in attributes:
            self._add_field(attributes["name"], attributes)

    def _add_field(self, name: str, attributes: dict[str, str]) -> None:
        if attributes.get("type") == "checkbox" and "checked" not in attributes:
            return
        fields, value = self.forms[-1].fields, attributes.get("value", "")
        match fields.get(name):
            case None:
                fields[name] = value
            case list() as values:
                values.append(value)
            case str() as first:
                fields[name] = [first, value]

    @override
    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert tag == opened, f"</{tag}> closes <{opened}>"

    @override
    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self._open}
        self._texts.append(data)
        for tag, attributes in self._open:
            if tag == "a" and data.strip():
                self.links[_plain(data)] = attributes.get("href", "")
        if "mark" in tags:
            self.marked[-1] += data
        if "textarea" in tags:
            name = next(attributes["name"] for tag, attributes in self._open if tag == "textarea")
            self.forms[-1].fields[name] = f"{self.forms[-1].fields[name]}{data}"
        if tags & {"td", "th"}:
            self.rows[-1][-1] += data


async def get(browser: httpx.AsyncClient, address: str, **query: str) -> Page:
    """A page that must be there."""
    answer = await browser.get(address, params=query or None)
    assert answer.status_code == 200, answer.text
    return Page(answer)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
