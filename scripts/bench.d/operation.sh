# From the POST to "succeeded", asked for every 5 ms, against the same
# container driven over the engine's socket with nothing around it.

bench_operation() {
    local export_file=docker/examples/export.json
    local path=/v1/data/bench.export grantee file url permission

    [ "$(request owner POST $path $export_file)" = 201 ] || fail "export"

    grantee=$(grantee app)
    file=$(chain add-file "$(key owner)" "$origin$path" | jq .fileId)
    url=$(publish "$(jq -nc --arg app "$(address app)" \
        '{grantee: $app, operation: "word_count", parameters: {}}')")
    permission=$(chain add-permission "$(key owner)" "$grantee" "$url" \
        "$file" | jq .permissionId)

    build/bench/body word_count "$(image word_count)" 268435456 134217728 64 \
        bench > "$state/body"

    in_turns operation_round
    row operation_cold ms "the same container, raw, ms" '<=' 1.15
}


operation_round() {
    operation_body app "$permission" > "$state/operation"

    ours $(perl t/bench/operation.pl "$origin" "$(key app)" \
        "$state/operation")
    theirs $(PSERVER_ENGINE=$(engine_socket) perl t/bench/container.pl \
        "$state/body" $export_file 1)
}
