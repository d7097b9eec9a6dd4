# Reads of 1 KiB by whoever signs for them.
#
#   auth_cold     an owner's GET, a fresh signature each, against what would
#                 be left of a plain file if a bare recovery of the signature
#                 were all that comes on top
#   auth_warm     the same with one signature, against the plain file
#   auth_gate     an app behind "pserver_auth required", one signature,
#                 against the same without the gate
#   auth_audited  an app's GET under a permission, each with a durable entry
#                 of the log, against the same with a log that is only in
#                 memory: there is no server without one

auth_path=/v1/data/bench.small
auth_memory=/dev/shm/pserver-bench-$port


conf_auth() {
    cat << END
        location /open/  { proxy_pass http://bench_app/; }
        location /gated/ { proxy_pass http://bench_app/;
                           pserver_auth required; }
END
}


# an app, and the same server with its log in memory

http_auth() {
    local user

    user=$(worker_user)

    rm -rf "$auth_memory"
    mkdir "$auth_memory"
    [ -z "$user" ] || chown "$user" "$auth_memory"

    cat << END
    upstream bench_app { server 127.0.0.1:$((port + 7)); keepalive 32; }

    proxy_http_version 1.1;
    proxy_set_header   Connection "";

    server {
        listen 127.0.0.1:$((port + 7));
        access_log off;
        keepalive_requests 1000000;
        location / { root $state/plain; sendfile on; }
    }

    server {
        listen 127.0.0.1:$((port + 8));
        access_log off;
        keepalive_requests 1000000;

        pserver_origin    http://127.0.0.1:$((port + 8));
        pserver_owner     $(address owner);
        pserver_store     $state/store;
        pserver_audit     $auth_memory;
        pserver_chain     /_chain/ id=$(jq .chainId "$state/chain/chain.json");
        pserver_contracts permissions=$(contract permissions)
                          grantees=$(contract grantees)
                          registry=$(contract registry)
                          servers=$(contract servers);
        pserver_gateway   /_ipfs/;

        location /v1/ { pserver data; }

        location /_chain/ {
            internal;
            pserver_exchange;
            proxy_pass http://chain/;
        }

        location /_ipfs/ {
            internal;
            pserver_exchange;
            proxy_pass http://gateway/ipfs/;
        }
    }
END
}


# auth_headers WALLET COUNT PATH [ORIGIN [GRANT]]: into $state/headers

auth_headers() {
    $on_load_core build/bench/sign headers "$(key "$1")" "${4:-$origin}" GET \
        "$3" "$2" ${5:-} > "$state/headers"
}


# auth_load CONNECTIONS PATH [again [PORT]]: answers a second

auth_load() {
    $on_load_core build/bench/load "${4:-$port}" "$1" "$each" "$2" \
        "$state/headers" ${3:-}
}


bench_auth() {
    local url permission

    head -c 700 /dev/urandom | base64 -w 0 | head -c 900 \
        | jq -Rc '{text: .}' > "$state/small"
    [ "$(request owner POST $auth_path "$state/small")" = 201 ] \
        || fail "small"
    [ "$(request owner GET $auth_path)" = 200 ] || fail "small"
    plain_file small "$(stat -c %s "$state/answer")"

    in_turns auth_cold
    row auth_cold 1/s "bare recovery and plain file, 1/s" '>=' 0.85

    in_turns auth_warm
    row auth_warm 1/s "plain file, 1/s" '>=' 0.6

    in_turns auth_gate
    row auth_gate 1/s "no gate, 1/s" '>=' 0.9

    url=$(publish "$(jq -nc --arg app "$(address app)" '{grantee: $app,
        operation: "data_read", parameters: {scopes: ["bench.small"]}}')")
    permission=$(chain add-permission "$(key owner)" "$(grantee app)" "$url" \
        | jq .permissionId)

    in_turns auth_audited
    rm -rf "$auth_memory"
    row auth_audited 1/s "log in memory, 1/s"
}


auth_cold() {
    local recover plain

    auth_headers owner $((each * 20000)) $auth_path

    recover=$(taskset -c 0 build/bench/sign recover 10000)
    plain=$(auth_load 16 /plain/small again)

    ours $(auth_load 16 $auth_path)
    theirs $(jq -n "1 / (1 / $recover + 1 / $plain) | round")
}


auth_warm() {
    auth_headers owner 1 $auth_path

    theirs $(auth_load 16 /plain/small again)
    ours $(auth_load 16 $auth_path again)
}


auth_gate() {
    auth_headers owner 1 /open/small
    theirs $(auth_load 16 /open/small again)

    auth_headers owner 1 /gated/small
    ours $(auth_load 16 /gated/small again)
}


auth_audited() {
    local other=$((port + 8))

    auth_headers app 1 $auth_path "http://127.0.0.1:$other" "$permission"
    theirs $(auth_load 64 $auth_path again $other)

    auth_headers app 1 $auth_path "$origin" "$permission"
    ours $(auth_load 64 $auth_path again)
}
