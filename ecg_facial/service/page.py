"""The page's files.

Input: the folder of the page. Output: its files in memory, and the policy that its browser keeps to. What is not in the
folder when the service starts is never served: no name of a request becomes a path.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from fastapi import Response

from ecg_facial.errors import MissingDataError

_FOLDER = Path(__file__).parent / "page"
_PAGE, _SIGN_IN = "page.html", "sign_in.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_INLINE = {"script": re.compile(r"<script>(.*?)</script>", re.S), "style": re.compile(r"<style>(.*?)</style>", re.S)}


@dataclass(frozen=True, kw_only=True)
class Page:
    """Files of the page, by name.

    Attributes
    ----------
    files : dict of str to bytes
    """

    files: dict[str, bytes]

    def answer(self, name: str) -> Response | None:
        """Make the answer with a file; None for a name that is not in the folder."""
        return self._make(name) if name in self.files else None

    def answer_page(self) -> Response:
        """Make the answer with the page itself."""
        return self._make(_PAGE)

    def answer_sign_in(self) -> Response:
        """Make the answer to somebody who is not signed in."""
        return self._make(_SIGN_IN, status=401)

    def _make(self, name: str, *, status: int = 200) -> Response:
        return Response(self.files[name], status_code=status, headers={"content-type": _TYPES[Path(name).suffix]})

    @property
    def policy(self) -> str:
        """Content security policy: nothing of other sites, and of what is inline only that of the sign-in page."""
        text = self.files[_SIGN_IN].decode("utf-8")
        hashes = {kind: "".join(f" '{_hash(part)}'" for part in found.findall(text)) for kind, found in _INLINE.items()}
        return (
            f"default-src 'self'; script-src 'self'{hashes['script']}; style-src 'self'{hashes['style']}; "
            "img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'"
        )


def load_page(folder: Path = _FOLDER) -> Page:
    """Read the page's files.

    Raises
    ------
    MissingDataError
        When the page itself is not among them.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix in _TYPES and path.is_file())
    if missing := {_PAGE, _SIGN_IN} - {path.name for path in files}:
        raise MissingDataError(f"{folder}: no {', '.join(sorted(missing))}; install ecg-facial again")
    return Page(files={path.name: path.read_bytes() for path in files})


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
