# What wallets do: sign requests, send them, act on chain.  Sourced by bash
# after services.sh.  A wallet is a file in $state/wallets: its private key.

# wallet NAME: a new one

wallet() {
    mkdir -p "$state/wallets"
    chmod 700 "$state/wallets"
    echo "0x$(openssl rand -hex 32)" > "$state/wallets/$1.key"
    chmod 600 "$state/wallets/$1.key"
}


key() {
    cat "$state/wallets/$1.key"
}


address() {
    "$pserverctl" address --key "$state/wallets/$1.key"
}


# signed WALLET METHOD PATH [FILE]: the Authorization header, which covers
# the hash of FILE, the body

signed() {
    "$pserverctl" sign web3signed --key "$state/wallets/$1.key" \
        ${4:+--body-file "$4"} "$2" "$origin$3"
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
    "$pserverctl" sign operation --key "$state/wallets/$1.key" \
        --permission-id "$2" --aud "$origin" \
        --chain-id "$(jq .chainId "$state/chain/chain.json")" \
        --nonce "$(openssl rand -hex 16)" --exp $(($(date +%s) + 300))
}


# publish TEXT: a grant file becomes available; prints its URL

publish() {
    local file=$state/grant.json cid

    printf '%s' "$1" > "$file"
    cid=$(chain cid "$file" | jq -r .cid)
    mv "$file" "$state/ipfs/$cid"
    echo "ipfs://$cid"
}
