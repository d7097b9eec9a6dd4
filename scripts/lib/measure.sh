# What quickstart measures and looks for.  Sourced by bash after services.sh.

# found WORDS PLACE...: how many files have one of the words of the file
# WORDS; what the engine has not written since $state/stored is left out

found() {
    local words=$1
    shift

    find "$@" -type f -cnewer "$state/before" -print0 2> /dev/null \
        | xargs -0 -r grep -laFf "$words" -- 2> /dev/null \
        | tee "$state/found" | wc -l
}


# words_in WORDS FILE: how many of the words stand in FILE

words_in() {
    grep -oFf "$1" "$2" | sort -u | wc -l
}


# log_entries: as the server's log says

log_entries() {
    curl -sf "$origin/log/size" | head -n 1
}


alarms() {
    grep -cE '\[(alert|emerg|crit)\]' "$state/nginx/logs/error.log" || :
}
