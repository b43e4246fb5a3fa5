#!/bin/sh
# Runs Claude Code turn by turn on a task, and lets no context be compacted: before each turn it asks Plimsoll how full
# the context is; at the level `checkpoint` the agent writes down where it stands, that is acknowledged, and a new session
# goes on from there.
#
#   loop.sh TASK [TURNS]
#
# CLAUDE and PLIMSOLL name the programs. The files go into the current folder, state-1.md and so on; one that is there
# already is left alone. Ends with 0 when the agent says DONE or the turns are over, with 1 when the client fails. Where
# Plimsoll does not run, or the agent saves nothing, it goes on, and says so.
set -u

task=${1:?usage: loop.sh TASK [TURNS]}
turns=${2:-50}
claude=${CLAUDE:-claude}
plimsoll=${PLIMSOLL:-plimsoll}

new_session() {
  session=$(uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid)
  how=--session-id
}

# One turn of the session; its answer, as JSON, is in $answer.
run_turn() {
  if ! answer=$("$claude" -p --output-format json --permission-mode acceptEdits "$how" "$session" "$1"); then
    echo "turn $turn: $claude failed" >&2
    exit 1
  fi
  how=--resume
}

# Whether the session should save its work; what Plimsoll says is in $context.
is_deep() {
  context=$("$plimsoll" wait "$session" --level checkpoint --timeout 0s 2>&1)
  case $? in
  0) return 0 ;;
  3 | 4) return 1 ;; # Not yet. Between two turns a session counts as ended.
  *) context="going on without Plimsoll: $context" && return 1 ;;
  esac
}

# Where to save, in $state: a file that is there already may be another task's.
find_unused_file() {
  number=1
  while [ -e "$PWD/state-$number.md" ]; do
    number=$((number + 1))
  done
  state=$PWD/state-$number.md
}

# Saves the work and begins a new session with it; without the file the old session goes on.
change_session() {
  find_unused_file
  run_turn "Your context is nearly full. Write all that somebody needs to go on in your place into the file $state: what is \
done, what is next, and what you found out. Do nothing else."
  if [ ! -s "$state" ]; then
    echo "turn $turn: the agent wrote no $state; the session goes on" >&2
    is_unsaved=yes
    return
  fi
  "$plimsoll" checkpoint "$session" --note "Cycle $cycle of: $task" --path "$state"
  cycle=$((cycle + 1))
  new_session
  prompt="$task

You go on with work that was begun. This is where it stands:

$(cat "$state")"
}

cycle=1
go_on="Go on. When nothing is left to do, answer with the single word DONE."
prompt="$task"
is_unsaved=no # The last turn was to save the work, and did not.
new_session

turn=1
while [ "$turn" -le "$turns" ]; do
  context="a new session"
  # After a failed save the work itself has its turn, before it is asked again.
  if [ "$how" = --resume ] && is_deep && [ $is_unsaved = no ]; then
    echo "turn $turn, session $session: $context"
    change_session
  else
    echo "turn $turn, session $session: $context"
    run_turn "$prompt"
    prompt=$go_on
    is_unsaved=no
    case $answer in *'"result":"DONE"'*) exit 0 ;; esac
  fi
  turn=$((turn + 1))
done
