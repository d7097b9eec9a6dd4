# What sealing costs.
#
#   store_get         a GET of 100 MiB over one connection, against
#                     1 / (1 / AEAD + 1 / static): openssl's AES-256-GCM at
#                     64 KiB, and the same nginx sending the plain file
#   store_get_2       the same where the worker's threads have both cores
#   store_vs_rclone   the same, against "rclone serve http" over an rclone
#                     crypt remote of the same file
#   store_range       64 KiB at the end of 1 GiB, against the plain file
#   store_put         a POST of 100 MiB, against a PUT of nginx's dav and an
#                     fsync of what it has written
#   store_small_*     10,000 objects of 1 KiB: msec for one of the last 1,000
#                     that are written and read, against one of the first;
#                     and of a list for each that is there
#   store_memory      by how much a worker grows over a POST and a GET of
#                     1 GiB, against 4 MiB

store_mib=100
store_small=10000
store_rclone_port=$((port + 7))


conf_store() {
    local user

    user=$(worker_user)

    rm -rf "$state/dav"
    mkdir "$state/dav"
    [ -z "$user" ] || chown "$user" "$state/dav"

    cat << END
        location /v1/data/ {
            pserver data;
            client_max_body_size 0;
        }

        location /dav/ {
            root $state;
            dav_methods PUT;
            client_max_body_size 0;
        }
END
}


# store_curl OPTION...: one connection; seconds that its requests took

store_curl() {
    $on_load_core curl -sSf -o /dev/null -w '%{time_total}\n' "$@" \
        | awk '{ sum += $1 } END { print sum }'
}


# store_many COUNT URL [OPTION...]: the same URL that often, MB a second of
# 100 MiB each

store_many() {
    local n=$1 url=$2 urls=()
    shift 2

    for _ in $(seq "$n"); do
        urls+=(--next -sSf -o /dev/null -w '%{time_total}\n' "$@" "$url")
    done

    jq -n "$n * $store_mib * 1.048576 / $(store_curl "${urls[@]:6}") | round"
}


# store_post PATH FILE: seconds until it is stored

store_post() {
    store_curl -X POST -T "$2" -H 'Expect:' \
        -H 'Content-Type: application/octet-stream' \
        -H "Authorization: $(signed owner POST "$1" "$2")" "$origin$1"
}


store_worker() {
    pgrep -P "$(cat "$state/nginx/$nginx_pid")" | head -1
}


bench_store() {
    plain_file big $((store_mib << 20))
    store_post /v1/data/bench.big "$state/plain/big" > /dev/null

    store_read=(-H "Authorization: $(signed owner GET /v1/data/bench.big)")
    store_big=$origin/v1/data/bench.big?content=raw

    in_turns store_get
    row store_get MB/s "AEAD and static in turn, MB/s" '>=' 0.9

    taskset -a -p -c 0,1 "$(store_worker)" > /dev/null
    in_turns store_get
    row store_get_2 MB/s "AEAD and static in turn, MB/s"
    taskset -a -p -c 0 "$(store_worker)" > /dev/null

    store_rclone_start
    in_turns store_rclone
    row store_vs_rclone MB/s "rclone serve http over crypt, MB/s" '>=' 4
    kill "$store_rclone_pid"

    in_turns store_put
    row store_put MB/s "dav PUT and fsync, MB/s" '>=' 0.6

    store_giant
    row store_memory KiB "4 MiB, KiB" '<=' 1

    in_turns store_range
    row store_range us "plain file, us" '<=' 2

    store_small_bench
}


store_get() {
    local aead static

    aead=$(taskset -c 0 openssl speed -elapsed -seconds 1 -bytes 65536 \
        -evp aes-256-gcm 2> /dev/null \
        | awk '/^AES-256-GCM/ { sub("k", "", $2); print $2 / 1000 }')
    static=$(store_many 5 "$origin/plain/big")

    ours "$(store_many 5 "$store_big" "${store_read[@]}")"
    theirs "$(jq -n "1 / (1 / $aead + 1 / $static) | round")"
}


# one core for it, as for the worker

store_rclone_start() {
    local i

    export RCLONE_CONFIG=$state/rclone.conf

    rm -rf "$state/rclone"
    mkdir "$state/rclone"
    : > "$RCLONE_CONFIG"
    rclone config create crypt crypt remote "$state/rclone" \
        password "$(openssl rand -hex 16)" --obscure > /dev/null
    rclone copy "$state/plain/big" crypt:

    taskset -c 0 rclone serve http --addr "127.0.0.1:$store_rclone_port" \
        crypt: > "$state/rclone.log" 2>&1 &
    store_rclone_pid=$!

    for i in $(seq 600); do
        curl -sf -o /dev/null "http://127.0.0.1:$store_rclone_port/" && return
        sleep 0.1
    done

    fail "rclone does not answer"
}


store_rclone() {
    theirs "$(store_many 2 "http://127.0.0.1:$store_rclone_port/big")"
    ours "$(store_many 5 "$store_big" "${store_read[@]}")"
}


store_put() {
    local took since

    since=$(msec)
    $on_load_core curl -sSf -o /dev/null -T "$state/plain/big" -H 'Expect:' \
        "$origin/dav/big"
    sync "$state/dav/big" "$state/dav"
    took=$(($(msec) - since))
    theirs "$(jq -n "$store_mib * 1048.576 / $took | round")"
    rm "$state/dav/big"

    took=$(store_post /v1/data/bench.put "$state/plain/big")
    ours "$(jq -n "$store_mib * 1.048576 / $took | round")"
    [ "$(request owner DELETE /v1/data/bench.put)" = 204 ] || fail "put"
}


# what the worker takes at most from now on, in KiB, is in VmHWM

store_giant() {
    local pid before

    plain_file giant $((1 << 30))
    pid=$(store_worker)
    rm -f "$state"/{ours,theirs}

    # the pool's threads have their stacks, the worker its buffers

    store_many 1 "$store_big" "${store_read[@]}" > /dev/null

    echo 5 > "/proc/$pid/clear_refs"
    before=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")

    store_post /v1/data/bench.giant "$state/plain/giant" > /dev/null
    store_curl -H "Authorization: $(signed owner GET /v1/data/bench.giant)" \
        "$origin/v1/data/bench.giant?content=raw" > /dev/null

    ours $(($(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status") - before))
    theirs 4096
}


store_range() {
    local range=bytes=-65536 path=/v1/data/bench.giant

    $on_load_core build/bench/sign headers "$(key owner)" "$origin" GET \
        $path 1 > "$state/headers"

    theirs "$(RANGE=$range store_load /plain/giant)"
    ours "$(RANGE=$range store_load "$path?content=raw")"
}


# microseconds a request, one after the other

store_load() {
    jq -n "1e6 / $($on_load_core build/bench/load "$port" 1 "$each" "$1" \
        "$state/headers" again) | round"
}


# many small ones; a file of options for each thousand, so that what is
# measured is one connection

store_small_bench() {
    local hash empty from

    head -c 1000 /dev/zero | tr '\0' a | jq -Rc '{text: .}' \
        | tr -d '\n' > "$state/small"
    hash=sha256:$(sha256sum < "$state/small" | cut -d ' ' -f 1)
    empty=sha256:$(sha256sum < /dev/null | cut -d ' ' -f 1)

    store_options POST "$hash" "$state/small" > "$state/small.post"
    store_options GET "$empty" > "$state/small.get"
    rm -f "$state"/{list,ours,theirs}

    store_times 0 1000 "$state/small.post" > "$state/small.first"
    store_list 1000
    store_times 1000 $((store_small - 2000)) "$state/small.post" > /dev/null
    store_times $((store_small - 1000)) 1000 "$state/small.post" \
        > "$state/small.last"

    ours $(cat "$state/small.last")
    theirs $(cat "$state/small.first")
    row store_small_write ms "of the first 1,000, ms" '<=' 1.2

    store_list $store_small
    rm -f "$state"/{ours,theirs}
    ours $(awk "\$1 == $store_small { print \$2 }" "$state/list")
    theirs $(awk '$1 == 1000 { print $2 }' "$state/list")
    row store_small_list us "an object of 1,000, us" '<=' 1.2

    rm -f "$state"/{ours,theirs}

    for from in $(seq 0 100 900); do
        theirs $(store_times "$from" 100 "$state/small.get")
        ours $(store_times $((store_small - 1000 + from)) 100 \
            "$state/small.get")
    done

    row store_small_read ms "of the first 1,000, ms" '<=' 1.2
}


# store_options METHOD HASH [FILE]: a line of curl's options for each object

store_options() {
    local i method=$1 file=${3:-}

    for i in $(seq 0 $((store_small - 1))); do
        echo "/v1/data/small.o$i"
    done > "$state/paths"

    build/bench/sign paths "$(key owner)" "$origin" "$method" "$2" \
        < "$state/paths" | paste "$state/paths" - \
        | while read -r path header; do
            printf 'url="%s%s" header="Authorization: %s" %s\n' "$origin" \
                "$path" "$header" "${file:+data-binary=\"@$file\"}"
        done
}


# store_times FROM COUNT FILE: msec for each of these

store_times() {
    sed -n "$(($1 + 1)),$(($1 + $2))p" "$3" | sed 's/ header=/\nheader=/
        s/ data-binary=/\nheader="Content-Type: application\/json"\n&/
        s/$/\noutput=\/dev\/null\nfail\nwrite-out="%{time_total}\\n"\nnext/' \
        | sed '$d' > "$state/curl"

    $on_load_core curl -sS -K "$state/curl" | awk '{ print $1 * 1000 }'
}


# microseconds of a list for each object that there is

store_list() {
    local path=/v1/data auth

    auth=$(signed owner GET $path)

    for _ in $(seq "$rounds"); do
        echo "$1 $(jq -n "$(store_curl -H "Authorization: $auth" \
            "$origin$path?limit=1000") * 1e6 / $1")" >> "$state/list"
    done
}
