"""What keeps the product reliable, one line of code each, and the tests that must fail without it.

`GUARDS` is read by `guards_off.py`, which takes them away one by one. A text stands in its file exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A guard, and how to take it away.

    Attributes
    ----------
    fault : str
        Kind of fault that it is against.
    about : str
        What happens without it.
    file : str
        Where it is, from the root of the repository.
    text, instead : str
        What stands there, and what stands there without the guard.
    tests : str
        Arguments of pytest: the narrowest tests that find it missing.
    """

    fault: str
    about: str
    file: str
    text: str
    instead: str
    tests: str


GUARDS = (
    Guard(
        fault="memory",
        about="frames that nobody takes fill the memory",
        file="ecg_facial/live/sources/running.py",
        text="            return len(self._blocks) > self._max_frames\n",
        instead="            return False\n",
        tests="tests/live/sources/test_running.py",
    ),
    Guard(
        fault="memory",
        about="points of the clock's line fill the memory",
        file="ecg_facial/live/envelope.py",
        text="        del self._points[:-_MAX_POINTS]\n",
        instead="",
        tests="tests/live/test_envelope.py",
    ),
    Guard(
        fault="monitor killed",
        about="the session of a monitor that was killed stays open",
        file="ecg_facial/live/session.py",
        text="                opened.end_interrupted()\n",
        instead="                pass\n",
        tests="tests/live/test_killed.py",
    ),
    Guard(
        fault="monitor killed",
        about="a kill in a transaction leaves half of it",
        file="ecg_facial/live/store/database.py",
        text='        self._connection.execute("BEGIN IMMEDIATE")\n',
        instead='        self._connection.execute("PRAGMA journal_mode = OFF")\n'
        '        self._connection.execute("BEGIN IMMEDIATE")\n',
        tests="tests/live/test_killed.py",
    ),
    Guard(
        fault="monitor killed",
        about="rows count as kept before they are written",
        file="ecg_facial/live/store/database.py",
        text='            self._connection.execute("COMMIT")\n',
        instead="",
        tests="tests/live/test_killed.py",
    ),
    Guard(
        fault="training killed",
        about="a training goes on without the state of its optimiser",
        file="ecg_facial/learning/training.py",
        text="        self._optimizer.load(states)\n",
        instead="",
        tests="tests/learning/test_killed_training.py",
    ),
    Guard(
        fault="training killed",
        about="a kill leaves half a checkpoint",
        file="ecg_facial/learning/training.py",
        text="            save_file(tensors, temporary, metadata",
        instead="            save_file(tensors, path, metadata",
        tests="tests/learning/test_training.py tests/learning/test_killed_training.py",
    ),
    Guard(
        fault="benchmark killed",
        about="a fold that is done is fitted again",
        file="ecg_facial/evaluation/benchmark/fold_results.py",
        text="    return [job for job in jobs if not job.path.is_file()]\n",
        instead="    return list(jobs)\n",
        tests="tests/evaluation/benchmark/test_runner.py",
    ),
    Guard(
        fault="bundle altered",
        about="an altered bundle is used",
        file="ecg_facial/inference/bundle.py",
        text="    if sha256_bytes(content) != digest:\n",
        instead="    if False:\n",
        tests="tests/inference/test_bundle.py",
    ),
    Guard(
        fault="bundle hostile",
        about="a bundle names files of other folders",
        file="ecg_facial/inference/bundle.py",
        text=" and all(map(_NAME.fullmatch, names))\n",
        instead="\n",
        tests="tests/inference/test_bundle.py",
    ),
    Guard(
        fault="bundle hostile",
        about="a link in a bundle leads out of it",
        file="ecg_facial/inference/bundle.py",
        text="    if path.is_symlink() or (path.exists() and not path.is_file()):\n",
        instead="    if False:\n",
        tests="tests/inference/test_bundle.py",
    ),
    Guard(
        fault="malformed files",
        about="an error of a library on a damaged file is a traceback",
        file="ecg_facial/ecg/formats/contract.py",
        text="    except Exception as error:\n",
        instead="    except LookupError as error:\n",
        tests="tests/fuzz/test_ecg_formats.py",
    ),
    Guard(
        fault="malformed files",
        about="a damaged film is a traceback",
        file="ecg_facial/face/packets.py",
        text="    except (av.FFmpegError, OSError, ValueError) as error:\n",
        instead="    except LookupError as error:\n",
        tests="tests/fuzz/test_video.py tests/face/test_video.py",
    ),
    Guard(
        fault="any call of the service",
        about="a number that SQLite cannot hold fails inside the service",
        file="ecg_facial/service/stored.py",
        text="Query(ge=1, le=MAX_SESSION, description",
        instead="Query(description",
        tests="tests/fuzz/test_service.py",
    ),
    Guard(
        fault="drop-outs",
        about="a held value counts as an ECG",
        file="ecg_facial/live/quality/ecg_gate.py",
        text='        elif self._is_flat(samples[-max(2, round(_FLAT_S * fs_hz)) :], last):\n            state = "flat"\n',
        instead="",
        tests="tests/live/test_dropouts.py",
    ),
    Guard(
        fault="drop-outs",
        about="an electrode that is off counts as an ECG",
        file="ecg_facial/live/quality/ecg_gate.py",
        text="        if len(known) < _LOST_SHARE * len(last):\n",
        instead="        if not len(known):\n",
        tests="tests/live/quality tests/live/test_dropouts.py",
    ),
    Guard(
        fault="drop-outs",
        about="a frozen picture counts as a face",
        file="ecg_facial/live/quality/face_gate.py",
        text="len({frame.checksum for frame in frames}) == 1:",
        instead="False:",
        tests="tests/live/test_dropouts.py",
    ),
    Guard(
        fault="drop-outs",
        about="a visitor's face counts as the patient's",
        file="ecg_facial/live/quality/face_gate.py",
        text="    if np.mean([frame.n_faces > 1 for frame in frames]) > _SHARE:\n",
        instead="    if False:\n",
        tests="tests/live/test_dropouts.py",
    ),
    Guard(
        fault="two clocks",
        about="clocks count as synchronised before they are",
        file="ecg_facial/live/clock.py",
        text="        self._is_synchronised = known and error_s <= limit_s\n",
        instead="        self._is_synchronised = known\n",
        tests="tests/live/test_clock.py",
    ),
    Guard(
        fault="two clocks",
        about="a late block hides a step of a clock",
        file="ecg_facial/live/clock.py",
        text="            may_be_step = late_s > 0 and jump_s < -period_s\n",
        instead="            may_be_step = False\n",
        tests="tests/live/test_clock.py",
    ),
    Guard(
        fault="packets",
        about="a packet that comes twice counts twice",
        file="ecg_facial/live/ordering.py",
        text="        if packet in self._seen:\n",
        instead="        if False:\n",
        tests="tests/live/test_ordering.py",
    ),
    Guard(
        fault="packets",
        about="lost packets leave no mark",
        file="ecg_facial/live/ordering.py",
        text="                self._holes.append(Hole(start=self.next_index, end=index))\n",
        instead="                pass\n",
        tests="tests/live/test_ordering.py tests/live/rings/test_ecg.py",
    ),
    Guard(
        fault="source that dies",
        about="a device that falls silent is not opened again",
        file="ecg_facial/live/sources/reconnecting.py",
        text='            return self._lose(f"no data for {silent_s:.0f} s") if is_silent else []\n',
        instead="            return []\n",
        tests="tests/live/sources/test_reconnecting.py",
    ),
    Guard(
        fault="source that dies",
        about="the gap of a source that was lost is not told",
        file="ecg_facial/live/sources/reconnecting.py",
        text="        gap_s = now_s - self._heard_s\n",
        instead="        gap_s = 0.0\n",
        tests="tests/live/sources/test_reconnecting.py",
    ),
    Guard(
        fault="causality",
        about="a window is estimated before all of it has arrived",
        file="ecg_facial/live/streams.py",
        text="        return newest_s is not None and newest_s >= end_s - _TOLERANCE_S\n",
        instead="        return newest_s is not None and newest_s >= end_s - 0.5\n",
        tests="tests/live/test_engine.py",
    ),
    Guard(
        fault="leakage",
        about="the test person's trials scale what is fitted",
        file="ecg_facial/prepared/normalising.py",
        text="[self._read(row) for row in train_rows]",
        instead="[self._read(row) for row in range(len(table))]",
        tests="tests/prepared/test_normalising.py",
    ),
    Guard(
        fault="leakage",
        about="a trial is scaled by later ones",
        file="ecg_facial/prepared/normalising.py",
        text='        if self._settings.mode == "causal":\n',
        instead="        if False:\n",
        tests="tests/prepared/test_normalising.py",
    ),
    Guard(
        fault="full disk",
        about="rows that a full disk refused are lost",
        file="ecg_facial/live/store/writing.py",
        text="            self.problem = str(error)\n            return False\n",
        instead="            self.problem = str(error)\n            self._waiting.clear()\n            return False\n",
        tests="tests/live/test_store.py tests/live/test_session.py",
    ),
    Guard(
        fault="full disk",
        about="nobody is told that the disk is full",
        file="ecg_facial/live/store/writing.py",
        text="            self.problem = str(error)\n            return False\n",
        instead="            return False\n",
        tests="tests/live/test_session.py",
    ),
    Guard(
        fault="paths",
        about="an address leads out of the page's folder",
        file="ecg_facial/service/page.py",
        text="        return self._make(name) if name in self.files else None\n",
        instead='        self.files.setdefault(name, (_FOLDER / name).read_bytes() if (_FOLDER / name).is_file() else b"")\n'
        '        return Response(self.files[name], headers={"content-type": "text/plain"})\n',
        tests="tests/service/test_paths.py",
    ),
    Guard(
        fault="oversize",
        about="a body of any size is read",
        file="ecg_facial/service/guard.py",
        text="            if n_bytes > limit:\n",
        instead="            if False:\n",
        tests="tests/service/test_running.py tests/service/test_predicting.py",
    ),
    Guard(
        fault="oversize",
        about="a JPEG of any size is decoded",
        file="ecg_facial/service/jpeg.py",
        text="    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX and width * height <= MAX_PIXELS):\n",
        instead="    if False:\n",
        tests="tests/service/test_browser_source.py",
    ),
    Guard(
        fault="oversize",
        about="an EDF header claims any number of channels",
        file="ecg_facial/ecg/formats/edf_header.py",
        text='"number of signals", 1, _MAX_SIGNALS)',
        instead='"number of signals", 1, 10**9)',
        tests="tests/service/test_predicting.py tests/ecg/formats/test_edf.py",
    ),
    Guard(
        fault="slow clients",
        about="a client never ends its headers",
        file="ecg_facial/service/protocol.py",
        text="        self._header_timer = self.loop.call_later(self.limits.header_s, self._cut)\n",
        instead="        self._header_timer = None\n",
        tests="tests/service/test_protocol.py",
    ),
    Guard(
        fault="slow clients",
        about="a client sends its body byte by byte",
        file="ecg_facial/service/protocol.py",
        text="        if took_s >= self.limits.body_grace_s and self._n_bytes - self._n_bytes_before <= wanted:\n",
        instead="        if False:\n",
        tests="tests/service/test_protocol.py",
    ),
    Guard(
        fault="access",
        about="somebody without a token is answered",
        file="ecg_facial/service/guard.py",
        text="            return make_unknown()\n",
        instead='            visitor = Visitor(name="anybody", expires_utc_s=1e12)\n',
        tests="tests/service/test_access.py",
    ),
    Guard(
        fault="access",
        about="an expired token is valid",
        file="ecg_facial/service/tokens.py",
        text="                found = kept\n        return found if found is not None and found.expires_utc_s > self._utc() else",
        instead="                found = kept\n        return found if found is not None else",
        tests="tests/service/test_access.py tests/service/test_tokens.py",
    ),
    Guard(
        fault="access",
        about="a page of another site sees the stream",
        file="ecg_facial/service/guard.py",
        text="        if not _may_come_from(origin, is_own=is_own, method=method, by_cookie=bool(visitor.key)):\n",
        instead="        if False:\n",
        tests="tests/service/test_access.py",
    ),
    Guard(
        fault="access",
        about="tokens are guessed as fast as one can",
        file="ecg_facial/service/access.py",
        text="            raise TooManyWrongError(left_s)\n",
        instead="            return\n",
        tests="tests/service/test_access.py",
    ),
    Guard(
        fault="privacy",
        about="bytes of a deleted patient stay in the file",
        file="ecg_facial/live/store/database.py",
        text='            self._connection.execute("VACUUM")\n',
        instead="",
        tests="tests/live/test_store.py",
    ),
    Guard(
        fault="privacy",
        about="bytes of a deleted patient stay in the log beside the file",
        file="ecg_facial/live/store/database.py",
        text='self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()\n',
        instead="0, 0, 0\n",
        tests="tests/live/test_store.py",
    ),
    Guard(
        fault="exports",
        about="a rating of somebody else has the code of self-report",
        file="ecg_facial/export/fhir/observations.py",
        text="    return row.scale.strip().casefold() == NRS_SELF.casefold() and (\n",
        instead="    return bool(row.scale) and (\n",
        tests="tests/export/test_fhir.py",
    ),
    Guard(
        fault="supply chain",
        about="a test asks another machine",
        file="tests/conftest.py",
        text='    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):\n',
        instead='    if event == "socket.connect" and isinstance(arguments[1], tuple):\n',
        tests="tests/test_privacy.py",
    ),
    Guard(
        fault="dashboard",
        about="the page shows old values as new ones",
        file="ecg_facial/service/page/stream.js",
        text="    if (this.isFresh && this.seen.ms >= STALE_MS) this.#tell(false);\n",
        instead="",
        tests="tests/service/page/test_use.py",
    ),
    Guard(
        fault="problem files",
        about="a turned film is looked at as it lies",
        file="ecg_facial/face/decoding.py",
        text="read_display(None if matrix is None else bytes(matrix), self._film.aspect)",
        instead="read_display(None, self._film.aspect)",
        tests="tests/fuzz/test_video.py tests/face/test_display.py",
    ),
    Guard(
        fault="stamps that jump",
        about="samples of before a step of the clock stand beside those behind it",
        file="ecg_facial/live/rings/ecg.py",
        text="                self._begin()\n                self.grid += 1\n",
        instead="                self.grid += 1\n",
        tests="tests/live/rings/test_ecg.py",
    ),
    Guard(
        fault="stamps that jump",
        about="frames that a camera dropped leave no mark",
        file="ecg_facial/live/streams.py",
        text='        if newest_s is not None and session_s - newest_s > max(0.5, 4.0 / self.infos["video"].rate_hz):\n',
        instead="        if False:\n",
        tests="tests/live/test_streams.py",
    ),
    Guard(
        fault="base installation",
        about="a package that is not installed is a traceback",
        file="ecg_facial/runtime/extras.py",
        text="        raise _name_missing(package, extra) from error\n",
        instead="        raise\n",
        tests="tests/cli/test_extras.py",
    ),
)
