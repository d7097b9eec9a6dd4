# What the audit log costs.
#
#   audit_rate     entries a second that are sealed, appended and durable,
#                  in the batches that 64 readers at once make, against a
#                  bare loop of append and fdatasync of the same batches
#   audit_batches  the same in the largest batches that there are
#   audit_latency  what an entry adds to an app's read for 99 of 100 of them,
#                  against an owner's, who does not wait; held against the
#                  commit interval and a bare fdatasync
#   anchor_gas     gas of an anchor of 100,000 entries, against that of one
#   audit_start    how long a worker takes to know a log of a million entries
#   audit_proof    bytes of the proof of one of them: hashes and checkpoint,
#                  with the account that anchors it
#   verify_rate    entries a second that pserverctl audit verify reads from
#                  a folder, against a bare loop that reads and hashes
#                  them; both by the processor's time

audit_path=/v1/data/bench.audit
audit_entries=1000000
audit_interval=2                       # msec, the default


conf_audit() {
    echo 'location = /audit/status { pserver status; }'
}


bench_audit() {
    local permission batch

    readable $audit_path
    permission=$(permission_to_read bench.audit)
    batch=$(audit_batch)

    in_turns audit_rate "$batch"
    row audit_rate 1/s "append + fdatasync, batches of $batch, 1/s" '>=' 0.8

    in_turns audit_rate 1024
    row audit_batches 1/s "append + fdatasync, batches of 1024, 1/s"

    in_turns audit_latency
    row audit_latency ms "commit interval + p99 of fdatasync, ms" '<=' 2

    rm -f "$state"/{ours,theirs}
    ours $(anchor_gas 100000)
    theirs $(anchor_gas 1)
    row anchor_gas gas "an anchor of one entry, gas" '<=' 1.001

    audit fill "$state/log/verified" $audit_entries \
        "$(jq .chainId "$state/chain/chain.json")" "$(contract anchor)" \
        "$(address anchor)"

    in_turns audit_start
    row audit_start ms 'one second, ms' '<=' 1

    rm -f "$state"/{ours,theirs}
    ours $(audit proof "$state/log/verified" 524287)
    theirs 1024
    row audit_proof bytes 'one KiB, bytes' '<=' 1

    in_turns verify_rate
    row verify_rate 1/s "read and SHA-256, 1/s" '>=' 0.5
}


audit() {
    taskset -c 0 build/bench/audit "$@"
}


audit_status() {
    curl -s "$origin/audit/status" | jq -r ".counters | $1"
}


# how many entries a commit has, on average, while 64 readers wait for theirs

audit_batch() {
    local entries commits

    headers app 1 $audit_path "$origin" "$permission"
    load 64 $audit_path "$port" again > /dev/null

    read -r entries commits < <(audit_status \
        '"\(.audit_entries) \(.audit_commits)"')
    load 64 $audit_path "$port" again > /dev/null

    audit_status "(.audit_entries - $entries) / (.audit_commits - $commits)
        | round"
}


audit_rate() {
    local rates

    rates=$(audit rate "$state/log/rate" "$1" "$each")
    rm -rf "$state/log/rate"

    ours ${rates% *}
    theirs ${rates#* }
}


audit_latency() {
    local app owner

    headers owner 1 $audit_path
    owner=$(load 8 $audit_path "$port" again p99)

    headers app 1 $audit_path "$origin" "$permission"
    app=$(load 8 $audit_path "$port" again p99)

    ours $(jq -n "$app - $owner | . * 1000 | round / 1000")
    theirs $(jq -n "$audit_interval + $(audit sync "$state/log" 8192 500)")
}


audit_start() {
    ours $(audit start "$state/log/verified")
    theirs 1000
}


# anchor_gas ENTRIES

anchor_gas() {
    local log=$state/log/gas-$1 contract sender topic rpc

    contract=$(contract anchor)
    rpc=$(jq -r .rpc "$state/chain/chain.json")
    wallet anchor
    sender=$(address anchor)
    chain fund "$sender" > /dev/null

    audit fill "$log" "$1" "$(jq .chainId "$state/chain/chain.json")" \
        "$contract" "$sender"
    "$pserverctl" audit anchor --key "$state/wallets/anchor.key" \
        --log-key "$log/public/key" --rpc "$rpc" --confirmations 0 \
        "$log/public" > /dev/null

    topic=0x000000000000000000000000${sender#0x}
    audit_rpc eth_getTransactionReceipt "[$(audit_rpc eth_getLogs \
        "[{\"fromBlock\":\"0x0\",\"address\":\"$contract\",
           \"topics\":[null,\"${topic,,}\"]}]" \
        | jq '.[-1].transactionHash')]" | jq -r .gasUsed | xargs printf '%d\n'
}


audit_rpc() {
    curl -s -H 'Content-Type: application/json' "$rpc" -d "{\"jsonrpc\":\"2.0\",
        \"id\":1,\"method\":\"$1\",\"params\":$2}" | jq .result
}


verify_rate() {
    local log=$state/log/verified TIMEFORMAT='%U %S' times

    times=$({ time taskset -c 0 "$pserverctl" audit verify \
        --log-key "$log/public/key" "$log/public" > /dev/null; } 2>&1)

    ours $(jq -n "$audit_entries / (${times/ / + }) | round")
    theirs $(audit hash "$log" $audit_entries)
}
