"""A private webinferd: started with this program, on free ports, and ended with it."""
from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from .errors import WebinferError

__all__ = ["PrivateDaemon"]

#: The seconds that a daemon may take to its first line, and to its end.
START, END = 60.0, 10.0


class PrivateDaemon:
    """Starts ``webinferd --private``; `url` is where it answers.

    It ends with `close`, with this process however that ends, and takes its browsers with it.

    Args:
        daemon: the program (``webinferd`` on PATH), or a list of it and its arguments, such as
            ``["webinferd", "--config", "my.conf"]``.
        settings: values that replace those of its configuration, by SECTION.KEY.

    Raises:
        FileNotFoundError: there is no such program.
        WebinferError: it did not start; the message says why. Its `code` is ``not_started``.
    """

    def __init__(self, daemon: Union[str, Sequence[str], None] = None,
                 settings: Optional[Mapping[str, str]] = None) -> None:
        command = [daemon] if isinstance(daemon, str) else list(daemon or ["webinferd"])
        program = shutil.which(command[0])
        if program is None:
            raise FileNotFoundError(f"there is no program {command[0]!r}: install webinferd, say where "
                                    "it is by daemon=, or where a service is by url= or WEBINFER_URL")
        words = [f"--set={name}={value}" for name, value in (settings or {}).items()]
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [program, *command[1:], "--private", *words], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._log, start_new_session=True)
        try:
            self.url, self.bridge = self._read_line()
        except BaseException:
            self._process.kill()
            self.close()
            raise

    def _read_line(self) -> List[str]:
        assert self._process.stdout is not None
        late = threading.Timer(START, self._process.kill)
        late.start()
        try:
            line = self._process.stdout.readline(4096)
        finally:
            late.cancel()
        try:
            told: Dict[str, Any] = json.loads(line)
            return [str(told["api"]), str(told["bridge"])]
        except (ValueError, KeyError, TypeError):
            raise WebinferError(f"webinferd did not start: {self._complaint()}",
                                code="not_started") from None

    def _complaint(self) -> str:
        """The last that it said."""
        self._process.wait(END)
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with {self._process.returncode}"

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def close(self) -> None:
        """Ends it, and waits until it has ended with all its browsers."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
