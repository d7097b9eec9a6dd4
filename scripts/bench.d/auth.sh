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

$(nginx_server "http://127.0.0.1:$((port + 8))" "$(address owner)" "$auth_memory")
        location /v1/ { pserver data; }
    }
END
}


bench_auth() {
    local permission

    readable $auth_path
    [ "$(request owner GET $auth_path)" = 200 ] || fail "small"
    plain_file small "$(stat -c %s "$state/answer")"

    in_turns auth_cold
    row auth_cold 1/s "bare recovery and plain file, 1/s" '>=' 0.85

    in_turns auth_warm
    row auth_warm 1/s "plain file, 1/s" '>=' 0.6

    in_turns auth_gate
    row auth_gate 1/s "no gate, 1/s" '>=' 0.9

    permission=$(permission_to_read bench.small)

    in_turns auth_audited
    rm -rf "$auth_memory"
    row auth_audited 1/s "log in memory, 1/s"
}


auth_cold() {
    local recover plain

    headers owner $((each * 20000)) $auth_path

    recover=$(taskset -c 0 build/bench/sign recover 10000)
    plain=$(load 16 /plain/small "$port" again)

    ours $(load 16 $auth_path)
    theirs $(jq -n "1 / (1 / $recover + 1 / $plain) | round")
}


auth_warm() {
    headers owner 1 $auth_path

    theirs $(load 16 /plain/small "$port" again)
    ours $(load 16 $auth_path "$port" again)
}


auth_gate() {
    headers owner 1 /open/small
    theirs $(load 16 /open/small "$port" again)

    headers owner 1 /gated/small
    ours $(load 16 /gated/small "$port" again)
}


auth_audited() {
    local other=$((port + 8))

    headers app 1 $auth_path "http://127.0.0.1:$other" "$permission"
    theirs $(load 64 $auth_path $other again)

    headers app 1 $auth_path "$origin" "$permission"
    ours $(load 64 $auth_path "$port" again)
}
