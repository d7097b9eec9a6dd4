# What wallets do: sign requests, send them, act on chain.  Sourced by bash
# after services.sh.  A wallet is a file of $state/wallets: its private key.

# wallet NAME: a new one

wallet() {
    mkdir -p "$state/wallets"
    chmod 700 "$state/wallets"
    chain wallet > "$state/wallets/$1.json"
}


key() {
    jq -r .key "$state/wallets/$1.json"
}


address() {
    jq -r .address "$state/wallets/$1.json"
}


# signed WALLET METHOD PATH [FILE]: the Authorization header, which covers
# the hash of FILE, the body

signed() {
    local name=$1 method=$2 path=$3 body=${4:-/dev/null} digest

    digest=$(sha256sum < "$body")
    chain web3signed "$(key "$name")" "$method" "$origin" "${path%%\?*}" '' \
        "{\"bodyHash\":\"sha256:${digest%% *}\"}" | jq -r .authorization
}


# request WALLET METHOD PATH [FILE [CURL OPTION...]]: prints the status; the
# answer is in $state/answer

request() {
    local name=$1 method=$2 path=$3 body=${4:-} args=()
    shift $(($# < 4 ? $# : 4))

    [ -z "$body" ] || args+=(--data-binary @"$body"
                             -H 'Content-Type: application/json' -H 'Expect:')
    [ "$name" = - ] || args+=(-H "Authorization: $(signed "$name" "$method" \
                                                   "$path" "$body")")

    curl -sS --max-time 60 -o "$state/answer" -w '%{http_code}' -X "$method" \
        "${args[@]}" "$@" "$origin$path"
}


answer() {
    jq -r "$1" "$state/answer"
}


# operation_body WALLET PERMISSION: what an app posts to have an operation
# run: a text and its signature

operation_body() {
    local text signature

    text=$(jq -nc --argjson id "$2" --arg aud "$origin" \
               --argjson chain "$(jq .chainId "$state/chain/chain.json")" \
               --arg nonce "$(openssl rand -hex 16)" \
               --argjson exp $(($(date +%s) + 300)) \
               '{permission_id: $id, aud: $aud, chain_id: $chain,
                 nonce: $nonce, exp: $exp}')
    signature=$(chain sign "$(key "$1")" "$text" | jq -r .signature)

    jq -nc --arg text "$text" --arg signature "$signature" \
        '{app_signature: $signature, operation_request_json: $text}'
}


# publish TEXT: a grant file becomes available; prints its URL

publish() {
    local file=$state/grant.json cid

    printf '%s' "$1" > "$file"
    cid=$(chain cid "$file" | jq -r .cid)
    mv "$file" "$state/ipfs/$cid"
    echo "ipfs://$cid"
}
