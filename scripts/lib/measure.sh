# What quickstart measures and looks for.  Sourced by bash after services.sh.

# found WORDS PLACE...: how many files have one of the words of the file
# WORDS; files that nobody has changed since $state/before are left out

found() {
    local words=$1
    shift

    find "$@" -type f -cnewer "$state/before" -print0 > "$state/searched"
    xargs -0 -r grep -laFf "$words" -- < "$state/searched" \
        > "$state/found" || :

    wc -l < "$state/found"
}


searched() {
    tr -cd '\0' < "$state/searched" | wc -c
}


# log_entries: as the server's log says

log_entries() {
    curl -sf "$origin/log/checkpoint" | sed -n 2p
}


alarms() {
    grep -cE '\[(alert|emerg|crit)\]' "$state/nginx/logs/error.log" || :
}
