# What scripts print: steps in plain words, progress where it takes long, and
# what was expected where something is not as it should be.  Sourced by bash.

screen_log=${screen_log:-/dev/null}
screen_step=0
screen_since=$SECONDS

if [ -t 1 ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold= dim= red= green= plain=
fi


# step TEXT: the next one

step() {
    screen_step=$((screen_step + 1))
    printf '\n%s%2d. %s%s\n' "$bold" $screen_step "$*" "$plain"
}


# say TEXT: explains; folded, indented below its step

say() {
    printf '%s\n' "$*" | fold -s -w 72 | sed 's/^/    /; s/ *$//'
}


# show [LABEL] VALUE: what came out

show() {
    if [ $# -eq 2 ]; then
        printf '    %s%-22s%s %s\n' "$dim" "$1" "$plain" "$2"
    else
        printf '%s\n' "$1" | sed 's/^/      /'
    fi
}


# good TEXT: something that was promised and is so

good() {
    printf '    %sok%s  %s\n' "$green" "$plain" "$*"
}


fail() {
    printf '\n    %sNOT AS PROMISED:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}


# expect WHAT EXPECTED GOT

expect() {
    [ "$3" = "$2" ] || fail "$1: expected \"$2\", got \"$3\""
    good "$1: $3"
}


# slowly TEXT COMMAND...: with a dot a second, and the end of its output if
# it fails

slowly() {
    local text=$1 log=$screen_log.slow pid since=$SECONDS rc=0
    shift

    printf '    %s ' "$text"
    (trap - ERR; "$@") > "$log" 2>&1 < /dev/null &
    pid=$!

    while kill -0 $pid 2> /dev/null; do
        sleep 0.2
        [ $SECONDS -eq $screen_since ] || printf .
        screen_since=$SECONDS
    done

    wait $pid || rc=$?
    cat "$log" >> "$screen_log"

    if [ $rc -ne 0 ]; then
        printf ' failed\n\n'
        tail -n 20 "$log" | sed 's/^/      /'
        rm -f "$log"
        fail "$text: see above; all of it is in $screen_log"
    fi

    rm -f "$log"
    printf ' %d s\n' $((SECONDS - since))
}


# msec: the wall clock

msec() {
    date +%s%3N
}
