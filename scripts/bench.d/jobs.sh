# Operations that wait: from the warm pool, several at a time, many in the
# queue, many who ask.

conf_jobs() {
    echo "pserver_operation warm_count image=$(image word_count) warm=2;"
}

# a server beside it, whose only place is taken for good

http_jobs() {
    cat << END
    upstream stuck { server unix:$(engine_socket); }

    server {
        listen 127.0.0.1:$((port + 8));
        keepalive_requests 1000000;

$(nginx_server "http://127.0.0.1:$((port + 8))" "$(address owner)" \
    "$state/log")
        pserver_engine    /_stuck/ jobs=1 queue=20000;
        pserver_operation word_count image=$(image test_sleep) timeout=1h;

        location /api/v1/ { pserver compute; }

        location /_stuck/ {
            internal;
            pserver_exchange;
            proxy_pass         http://stuck/;
            proxy_read_timeout 2h;
        }
    }
END
}


bench_jobs() {
    local export_file=docker/examples/export.json
    local path=/v1/data/bench.jobs other="http://127.0.0.1:$((port + 8))"
    local cold warm wait

    [ "$(request owner POST $path $export_file)" = 201 ] || fail "export"

    grantee app > /dev/null
    cold=$(permission_to_run word_count "$origin$path")
    warm=$(permission_to_run warm_count "$origin$path")
    wait=$(permission_to_run word_count "$other$path")

    build/bench/body word_count "$(image word_count)" 268435456 134217728 64 \
        bench > "$state/body"

    in_turns warm_round
    row operation_warm ms "the same container, raw, ms" '<=' 0.25

    in_turns parallel_round
    row operation_parallel /s "raw, four at a time, /s" '>=' 0.9

    # the first one is the one that runs

    accept 11 1 > /dev/null
    queue_rounds > "$state/few"
    accept "${QUEUED:-10000}" 8 > /dev/null
    queue_rounds > "$state/ours"
    mv "$state/few" "$state/theirs"
    row queue_growth ms "with 10 in the queue, ms" '<=' 1.2

    # once: what was freed is used again

    rounds=1 in_turns waiting_round
    row watch_memory KiB "allowed for a client, KiB" '<=' 1
}


# permission_to_run OPERATION URL: the app's, prints its id

permission_to_run() {
    local file url

    file=$(chain add-file "$(key owner)" "$2" | jq .fileId)
    url=$(publish "$(jq -nc --arg app "$(address app)" --arg operation "$1" \
        '{grantee: $app, operation: $operation, parameters: {}}')")
    chain add-permission "$(key owner)" "$(grantee app)" "$url" "$file" \
        | jq .permissionId
}


warm_round() {
    # the pool is full again

    for _ in $(seq 50); do
        [ "$(engine_containers)" -lt 2 ] || break
        sleep 0.1
    done

    operation_body app "$warm" > "$state/operation"

    ours $(perl t/bench/operation.pl "$origin" "$(key app)" \
        "$state/operation")
    theirs $(raw 1)
}


# raw ROUNDS: milliseconds of the container by itself

raw() {
    PSERVER_ENGINE=$(engine_socket) perl t/bench/container.pl \
        "$state/body" docker/examples/export.json "$1"
}


# two rounds of four

parallel_round() {
    local i

    for i in 1 2 3 4 5 6 7 8; do
        operation_body app "$cold" > "$state/operation.$i"
    done

    ours $(a_second ours_twice)
    theirs $(a_second raw 2)
}


# a_second COMMAND...: four of them at a time, each does two

a_second() {
    local since n

    since=$(date +%s%N)

    for n in 1 2 3 4; do
        "$@" $n > /dev/null &
    done
    wait

    echo $since $(date +%s%N) | awk '{ print 8 / (($2 - $1) / 1e9) }'
}


ours_twice() {
    local i

    for i in $1 $(($1 + 4)); do
        perl t/bench/operation.pl "$origin" "$(key app)" \
            "$state/operation.$i"
    done
}


# accept COUNT CONNECTIONS: milliseconds for each that was accepted

accept() {
    build/bench/sign operations "$(key app)" "$wait" "$1" \
        | $on_load_core perl t/bench/accept.pl $((port + 8)) "$2"
}


queue_rounds() {
    for _ in $(seq "$rounds"); do
        accept 10 1
    done
}


waiting_round() {
    local id path

    build/bench/sign operations "$(key app)" "$wait" 1 > "$state/operation"
    id=$(curl -s -d @"$state/operation" "$other/api/v1/operations" | jq -r .id)
    path=/api/v1/operations/$id

    ours $(build/bench/sign headers "$(key app)" "$other" GET "$path" 1020 \
        | perl t/bench/wait.pl $((port + 8)) "$(worker)" "$path")
    theirs 10
}


worker() { ps -o pid= --ppid "$(cat "$state/nginx/$nginx_pid")" | tr -d ' '; }
