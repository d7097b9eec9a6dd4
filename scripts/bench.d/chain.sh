# What the chain costs.
#
#   permission_warm   an app's GET of 1 KiB under a permission that is known,
#                     against an owner's of the same, which needs none; both
#                     with a log in memory
#   permission_cold   the first GET under a permission, against the same
#                     questions to the same node and gateway, one by one
#   revocation        from the owner's command until the app is refused,
#                     against the published bound

chain_path=/v1/data/bench.chain
chain_port=$((port + 9))
chain_memory=/dev/shm/pserver-bench-chain-$port


# the same server, a yes lives for ten minutes, its log is in memory

http_chain() {
    local user

    user=$(worker_user)

    rm -rf "$chain_memory"
    mkdir "$chain_memory"
    [ -z "$user" ] || chown "$user" "$chain_memory"

    cat << END
    server {
        listen 127.0.0.1:$chain_port;
        access_log off;
        keepalive_requests 1000000;

$(nginx_server "http://127.0.0.1:$chain_port" "$(address owner)" "$chain_memory")
        pserver_chain_valid 10m;
        location /v1/ { pserver data; }
        location = /status { pserver status; }
    }
END
}


chain_permission() {
    chain add-permission "$(key owner)" "$(grantee app)" "$chain_url" \
        "$chain_file" | jq .permissionId
}


# chain_headers WALLET [GRANT]: one line

chain_headers() {
    build/bench/sign headers "$(key "$1")" "http://127.0.0.1:$chain_port" \
        GET $chain_path 1 ${2:-}
}


bench_chain() {
    local chain_url chain_file

    readable $chain_path

    chain_url=$(publish "$(jq -nc --arg app "$(address app)" '{grantee: $app,
        operation: "data_read", parameters: {scopes: ["bench.chain"]}}')")
    chain_file=$(chain add-file "$(key owner)" "$origin$chain_path" \
        | jq .fileId)

    chain_headers app "$(chain_permission)" > "$state/headers.app"
    chain_headers owner > "$state/headers.owner"

    in_turns permission_warm
    row permission_warm 1/s "an owner's read, 1/s" '>=' 0.95

    in_turns permission_cold
    row permission_cold ms "the same calls, raw, ms" '<=' 1.3

    in_turns revocation
    row revocation s "the bound, s" '<=' 1

    rm -rf "$chain_memory"
}


permission_warm() {
    theirs $(chain_load owner)
    ours $(chain_load app)
}


chain_load() {
    $on_load_core build/bench/load $chain_port 64 "$each" $chain_path \
        "$state/headers.$1" again
}


permission_cold() {
    local id times

    id=$(chain_permission)
    times=$(perl t/bench/cold.pl $chain_port $chain_path \
        "$(chain_headers app "$id")" "$(jq -r .rpc "$state/chain/chain.json")" \
        "$(contract permissions) $(contract grantees) $(contract registry)" \
        "$id $(grantee app) $chain_file" "$((port + 6))" \
        "${chain_url#ipfs://}")

    ours ${times% *}
    theirs ${times#* }
}


revocation() {
    local id since status header

    id=$(chain_permission)
    header=$(chain_headers app "$id")
    status=$(chain_status "$header")
    [ "$status" = 200 ] || fail "revocation: $status"
    sleep 3

    since=$(date +%s%N)
    chain revoke "$(key owner)" "$id" > /dev/null

    while [ "$(chain_status "$header")" = 200 ]; do
        sleep 0.02
    done

    ours $(jq -n "($(date +%s%N) - $since) / 1e9")
    theirs $(curl -s "http://127.0.0.1:$chain_port/status" \
        | jq '.revocation_bound / 1000')
}


chain_status() {
    curl -s -o /dev/null -w '%{http_code}' -H "Authorization: $1" \
        "http://127.0.0.1:$chain_port$chain_path"
}
