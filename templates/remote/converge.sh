# Functions with which dcov changes a server as one transaction. Each step first notes in the
# journal how it is taken back; `commit` forgets the notes, `roll_back` follows them.
# The caller sets: run, holder, limit (seconds until the server undoes by itself), mark.
# shellcheck disable=SC2154 # the caller's variables
set -u
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
journals=/var/lib/dcov/journal
journal=$journals/$run
results=/run/dcov/results # and what steps say: in memory, so that a full disk does not hinder undoing
mkdir -p "$results"
output=$results/.output.$$
report=$results/.report.$$
notes=0
current=-

say() { printf '%s %s\n' "$mark" "$*" 2>/dev/null; }

take_lock() {
    exec 9>>/run/lock/dcov
    # Our own first attempt, before the link was cut, may take as long as it was given.
    if ! flock -w "$1" 9 &&
        ! { [ "$(cat /run/lock/dcov)" = "$holder" ] && flock -w "$limit" 9; }; then
        say locked "$(cat /run/lock/dcov)"
        exit 75
    fi
    printf '%s\n' "$holder" >/run/lock/dcov
}

# Refuses while another run has changed this server and has not confirmed.
no_other_run() {
    for other in "$journals"/*/; do
        case $other in "$journals/${run%%.*}".*) continue ;; esac # an earlier step of this run
        if [ -e "$other/holder" ]; then
            say locked "$(cat "$other/holder")"
            exit 75
        fi
    done
}

# A second attempt after a cut link finds what the first one did; one that died half way (we
# hold its lock) is taken back.
already_done() {
    if [ -e "$results/$run" ]; then
        cat "$results/$run"
        exit 0
    fi
    [ ! -e "$journal/holder" ] || failed 137 "apply, which was killed half way"
}

begin() {
    current=journal:$journals
    {
        mkdir -p "$journal" && chmod 700 /var/lib/dcov "$journals" "$journal" &&
            cat /proc/sys/kernel/random/boot_id >"$journal/boot" &&
            awk '{ print $5 }' "/proc/$$/stat" >"$journal/group" &&
            printf '%s\n' "run=$(quoted "$run")" "holder=$(quoted "$holder")" "mark=$mark limit=0" \
                "$library" 'undo_late' >"$journal/undo.sh"
    } >"$output" 2>&1 || failed "$?" begin
    if [ -d /run/systemd/system ]; then
        systemd-run --quiet --collect --unit="dcov-undo-$run" --on-active="$limit" \
            --timer-property=AccuracySec=1s sh "$journal/undo.sh" >"$output" 2>&1 9>&- || failed "$?" systemd-run
    else
        setsid sh -c "sleep $limit; exec sh $journal/undo.sh" </dev/null >/dev/null 2>&1 9>&- &
        echo "$!" >"$journal/timer"
    fi
    # Last: whoever sees a holder without its timer takes the run for a dead one.
    printf '%s\n' "$holder" >"$journal/holder" || failed "$?" begin
    trap 'failed 143' TERM INT
}

# expect NAME DIGEST PROBE...: the server still is as it was when it was probed.
expect() {
    name=$1 want=$2
    shift 2
    got=$({ "$@" 2>/dev/null </dev/null 9>&-; printf ' %d' "$?"; } |
        sed '/^volatile:$/,$d' | sha256sum)
    [ "${got%% *}" = "$want" ] && return
    say stale "$name"
    exit 76
}

resource() { current=$1; }

step() {
    "$@" </dev/null >"$output" 2>&1 9>&- || failed "$?" "$@"
}

changed() { say changed "$current"; }

failed() {
    code=$1
    shift
    case $1 in stage | refuse_unless) set -- "$1" "$2" ;; esac # neither a content nor a script
    trap '' TERM INT
    words=$(tail -c 2000 "$output" 2>/dev/null | tail -n 5)
    room=$(no_room "$journal")
    full=$?
    {
        say failed "$current" "$code" "$(printf '%s ' "$@" | head -c 200 | tr '\n' ' ')"
        printf '%s\n' "$words" | sed "s/^/$mark tail /"
        [ -z "$room" ] || say tail "$room"
        case "$code ${1-} $full" in "28 place "* | "28 stage "* | *" 28") say full ;; esac
    } >"$report"
    roll_back >>"$report"
    finish
}

finish() {
    if [ -e "$report" ]; then mv -f "$report" "$results/$run"; fi
    forget
    cat "$results/$run" 2>/dev/null
    say end
    exit 0
}

# --- what steps are made of

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

note() {
    kind=$1
    shift
    notes=$((notes + 1))
    for word; do printf '%s ' "$(quoted "$word")"; done >"$journal/$kind.$(printf %04d $notes)"
}

undo() { note undo "$@"; }     # followed in reverse
settle() { note settle "$@"; } # followed after all of these, in order
# `note finally COMMAND...` is followed when the transaction is kept.

beside() { printf '%s/.dcov-%s.%s.%s' "${1%/*}" "$run" "${1##*/}" "$2"; }

# Keeps a copy of what is at this path, or that nothing is.
keep() { preserve copy "$1"; }

# preserve link PATH: the same where the path is about to be replaced or removed, not written to.
preserve() {
    if [ -d "$2" ] && [ ! -L "$2" ]; then
        undo chown "$(stat -c %u:%g -- "$2")" "$2" && undo chmod "$(stat -c %a -- "$2")" "$2"
    elif [ -e "$2" ] || [ -L "$2" ]; then
        old=$(beside "$2" old)
        printf '%s\n' "$old" "$old.part" >>"$journal/kept" && undo put_back "$old" "$2" || return
        # Whole or not at all: half a copy must not be put back.
        { [ "$1" = link ] && ln -P -- "$2" "$old" 2>/dev/null; } ||
            { cp -a -- "$2" "$old.part" && mv -fT -- "$old.part" "$old"; }
    else
        keep_absent "$2"
    fi
}

# Not only the path is new: so are the folders that will be made for it.
keep_absent() {
    case ${1%/*} in
        "" | "$1") ;;
        *) [ -e "${1%/*}" ] || keep_absent "${1%/*}" || return ;;
    esac
    undo gone "$1"
}

put_back() { if [ -e "$1" ] || [ -L "$1" ]; then mv -fT -- "$1" "$2"; fi; }

gone() {
    if [ -d "$1" ] && [ ! -L "$1" ]; then rmdir -- "$1"; else rm -f -- "$1"; fi
}

# stage PATH TEXT: a small file travels in the script itself.
stage() {
    new=$(beside "$1" new)
    {
        printf '%s\n' "$new" >>"$journal/staged" && (umask 077 && printf '%s' "$2" >"$new")
    } 2>&1 || no_room "$1"
}

# place STAGED PATH OWNER GROUP MODE: what is staged becomes the file, in one step.
place() {
    chown "$3:$4" "$1" && chmod "$5" "$1" || return
    new=$(beside "$2" new)
    if [ "$1" != "$new" ]; then # staged in a parent, because this folder was still to be made
        { undo rm -f -- "$new" && mv -fT -- "$1" "$new"; } || { no_room "$2"; return; }
    fi
    preserve link "$2" && mv -fT -- "$new" "$2" || no_room "$2"
}

# remove PATH: takes it away, and can bring it back.
remove() {
    if [ -d "$1" ] && [ ! -L "$1" ]; then
        undo install -d -o "$(stat -c %u -- "$1")" -g "$(stat -c %g -- "$1")" -m "$(stat -c %a -- "$1")" "$1" &&
            rmdir -- "$1"
    elif [ -e "$1" ] || [ -L "$1" ]; then
        preserve link "$1" && rm -f -- "$1"
    fi
}

# remove_tree PATH: moves a folder aside with all that is in it.
remove_tree() {
    [ -d "$1" ] || return 0
    old=$(beside "$1" old)
    printf '%s\n' "$old" >>"$journal/kept" && undo put_back "$old" "$1" && mv -fT -- "$1" "$old"
}

# Only once nothing can be taken back any more: what was kept may lie in it until then.
remove_if_empty() { note finally rmdir --ignore-fail-on-non-empty "$1"; }

# A unit that failed keeps its failed state, and its start limit, after its file is gone.
forgive() { systemctl reset-failed "$1" 2>/dev/null || :; }

# stamp UNIT DIGEST: what the unit was started with, bound to this start of it.
stamp() {
    mkdir -p /run/dcov/started
    if [ -n "$2" ]; then
        printf '%s %s\n' "$(systemctl show "$1" -p InvocationID --value)" "$2" >"/run/dcov/started/$1"
    else
        rm -f "/run/dcov/started/$1"
    fi
}

# A note that cannot be written is as bad as the file that cannot be.
no_room() {
    for folder in "${1%/*}/" "$journals/"; do
        free=$(df -Pk "$folder" 2>/dev/null | awk 'NR == 2 { print $4 }')
        [ "${free:-9999}" -le 64 ] || continue
        echo "$free KiB are free in $folder"
        return 28
    done
    return 1
}

# refuse_unless NAME CHECKER...: the file's own program has the last word before it is placed.
refuse_unless() {
    shift
    "$@" && return
    return 65
}

# --- the ends of a transaction

applied() {
    say applied >"$results/$run.tmp" && mv -f "$results/$run.tmp" "$results/$run"
    rm -f "$output"
    say applied
    say end
    exit 0
}

roll_back() {
    left=
    backwards=
    drop staged # or a folder that was made for it is not empty
    for entry in "$journal"/undo.[0-9]*; do backwards="$entry $backwards"; done
    for entry in $backwards "$journal"/settle.[0-9]*; do
        [ -e "$entry" ] || continue
        eval "$(cat "$entry")" </dev/null >"$output" 2>&1 9>&- ||
            left="$left $(tr '\n' ' ' <"$entry")($(tail -n 1 "$output"));"
    done
    if [ -n "$left" ]; then say undone incomplete "$left"; else say undone complete; fi
}

drop() {
    [ ! -e "$journal/$1" ] || while read -r path; do rm -rf -- "$path"; done <"$journal/$1"
}

forget() {
    drop kept
    drop staged
    if [ -d /run/systemd/system ]; then
        systemctl stop "dcov-undo-$run.timer" 2>/dev/null 9>&-
    elif [ -e "$journal/timer" ]; then
        kill -- "-$(cat "$journal/timer")" 2>/dev/null
    fi
    rm -rf -- "$journal" "$output" "$report"
    rmdir -- "$journals" /var/lib/dcov 2>/dev/null
    find "$results" -type f -mmin +1440 -delete 2>/dev/null
    :
}

commit() {
    if [ ! -d "$journal" ]; then
        if grep -q ' undone ' "$results/$run" 2>/dev/null; then cat "$results/$run"; else say committed; fi
    else
        : >"$journal/committed" # from here on there is no way back, only to the end
        drop kept
        for entry in "$journal"/finally.[0-9]*; do
            [ ! -e "$entry" ] || eval "$(cat "$entry")" >/dev/null 2>&1 9>&-
        done
        forget
        say committed >"$results/$run"
        say committed
    fi
    say end
}

take_back() {
    if [ ! -d "$journal" ]; then
        if [ -e "$results/$run" ]; then cat "$results/$run"; else say undone complete; fi
        say end
        exit 0
    fi
    roll_back >"$report"
    finish
}

# The timer's way: nobody confirmed. An apply that hangs is ended first, and undoes itself.
undo_late() {
    trap '' HUP PIPE TERM
    exec 9>>/run/lock/dcov
    if ! flock -w 5 9; then
        # dash takes no -- after -TERM.
        kill -s TERM -- "-$(cat "$journal/group")" 2>/dev/null
        flock -w 60 9 || exit 75
    fi
    [ ! -d "$journal" ] || [ -e "$journal/committed" ] || take_back
}

# Only what was staged; what was applied is not forgotten but confirmed or taken back.
forget_staged() { [ -e "$journal/holder" ] || forget; }

# sweep RUN...: takes back what these dead runs left, and every staged file of theirs.
sweep() {
    for run; do
        journal=$journals/$run
        if [ -e "$journal/holder" ] && [ ! -e "$journal/committed" ]; then
            roll_back >"$report"
            sed 's/^/swept /' "$report"
        fi
        forget
    done
    say end
}
