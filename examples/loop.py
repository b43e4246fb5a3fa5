#!/usr/bin/env python3
"""Runs Claude Code turn by turn on a task, and lets no context be compacted.

Before each turn it asks Plimsoll how full the context is. At the level `checkpoint` the agent writes down where it
stands, that is acknowledged, and a new session goes on from there.

    loop.py TASK [TURNS]

CLAUDE and PLIMSOLL name the programs. The files go into the current folder, state-1.md and so on; one that is there
already is left alone. Ends with 0 when the agent says DONE or the turns are over, with 1 when the client fails. Where
Plimsoll does not run, or the agent saves nothing, it goes on, and says so.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request
import uuid

CLAUDE = os.environ.get("CLAUDE", "claude")
PLIMSOLL = os.environ.get("PLIMSOLL", "plimsoll")

SAVE = (
    "Your context is nearly full. Write all that somebody needs to go on in your place into the file {}: what is done, "
    "what is next, and what you found out. Do nothing else."
)
CONTINUE = "{}\n\nYou go on with work that was begun. This is where it stands:\n\n{}"
GO_ON = "Go on. When nothing is left to do, answer with the single word DONE."


def dashboard():
    """Plimsoll's address, from the file in which it says where it is; None where there is none."""
    folders = [os.environ.get("XDG_RUNTIME_DIR"), "~/.local/state"]
    for folder in filter(None, folders):
        path = pathlib.Path(folder).expanduser() / "plimsoll" / "runtime.json"
        if path.exists():
            return json.loads(path.read_text())["dashboard"]
    return None


def context(session):
    """The session's context, and what is to be logged of it. None where it is not known: what cannot be asked does not
    stop the work."""
    address = dashboard()
    if address is None:
        return None, "going on without Plimsoll: it is not running"
    try:
        with urllib.request.urlopen(f"{address}/api/v1/sessions/{session}/context", timeout=5) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as refusal:
        # 404 and 409: nothing told of the session, or of its context, so far.
        return None, json.load(refusal)["error"]["message"]
    except OSError as error:
        return None, f"going on without Plimsoll: {error}"
    forecast = found["forecast"]
    left = f", about {forecast['turns']} turns" if forecast else ""
    return found, f"{found['level']}: {found['headroomTokens']} tokens left{left}"


def unused_file():
    """Where to save: one that is there already may be another task's."""
    paths = (pathlib.Path.cwd() / f"state-{number}.md" for number in itertools.count(1))
    return next(path for path in paths if not path.exists())


class Loop:
    """One task, worked on by one session after another."""

    def __init__(self, task):
        self.task = task
        self.cycle = 1
        self.is_unsaved = False  # The last turn was to save the work, and did not.
        self.begin(task)

    def begin(self, prompt):
        """Begins a new session with the next turn."""
        self.session, self.prompt, self.is_new = str(uuid.uuid4()), prompt, True

    def run(self, prompt):
        """One turn of the session; gives the agent's answer."""
        how = "--session-id" if self.is_new else "--resume"
        command = [CLAUDE, "-p", "--output-format", "json", "--permission-mode", "acceptEdits", how, self.session, prompt]
        try:
            ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        except OSError as error:
            sys.exit(f"{CLAUDE} cannot be run: {error}")
        if ended.returncode != 0:
            sys.exit(f"{CLAUDE} failed with {ended.returncode}")
        self.is_new = False
        return json.loads(ended.stdout).get("result", "")

    def turn(self):
        """The next turn; whether the work is done."""
        found, said = (None, "a new session") if self.is_new else context(self.session)
        print(f"session {self.session}: {said}", flush=True)
        # After a failed save the work itself has its turn, before it is asked again.
        if found and found["level"] in ("checkpoint", "urgent") and not self.is_unsaved:
            self.change()
            return False
        answer = self.run(self.prompt)
        self.prompt, self.is_unsaved = GO_ON, False
        return answer.strip() == "DONE"

    def change(self):
        """Has the work saved and begins a new session with it; without the file the old session goes on."""
        state = unused_file()
        self.run(SAVE.format(state))
        saved = state.read_text() if state.exists() else ""
        if not saved:
            print(f"the agent wrote no {state}; the session goes on", file=sys.stderr)
            self.is_unsaved = True
            return
        self.acknowledge(state)
        self.cycle += 1
        self.begin(CONTINUE.format(self.task, saved))

    def acknowledge(self, state):
        """Tells Plimsoll that the work is saved."""
        note = f"Cycle {self.cycle} of: {self.task}"
        try:
            subprocess.run([PLIMSOLL, "checkpoint", self.session, "--note", note, "--path", state])
        except OSError as error:
            print(f"the checkpoint is not acknowledged: {error}", file=sys.stderr)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: loop.py TASK [TURNS]")
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    loop = Loop(sys.argv[1])
    for number in range(1, turns + 1):
        print(f"turn {number}, ", end="")
        if loop.turn():
            break


if __name__ == "__main__":
    main()
