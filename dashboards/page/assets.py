"""The files of the page itself: read once at the start, and served with a tag, so that a browser asks for each once."""

import gzip
import hashlib
import mimetypes
from importlib.resources import files
from importlib.resources.abc import Traversable

from litestar import Response

from streams.web.problems import ProblemError

_SQUEEZED = (".html", ".css", ".js", ".json", ".svg", ".webmanifest")


class Assets:
    """Every file under ``static``, by its path there. Nothing else on the disk can be asked for."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, str, str, bool]] = {}
        self._read(files("dashboards.page") / "static", "")

    def _read(self, folder: Traversable, path: str) -> None:
        for each in folder.iterdir():
            name = f"{path}{each.name}"
            if each.is_dir():
                self._read(each, f"{name}/")
                continue
            data = each.read_bytes()
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
            squeezed = name.endswith(_SQUEEZED)
            self._files[name] = (gzip.compress(data, mtime=0) if squeezed else data, kind, tag, squeezed)

    def answer(self, name: str, known: str | None) -> Response[bytes]:
        """The file; 304 where the browser has it already.

        Raises:
            ProblemError: when there is none of this name.
        """
        if name not in self._files:
            raise ProblemError(404, "no such file")
        data, kind, tag, squeezed = self._files[name]
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if known == tag:
            return Response(b"", status_code=304, headers=headers)
        if squeezed:
            # Every browser that knows script modules unpacks it.
            headers["Content-Encoding"] = "gzip"
        return Response(data, media_type=kind, headers=headers)
